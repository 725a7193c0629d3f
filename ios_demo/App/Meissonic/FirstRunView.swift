import MeissonicStudio
import SwiftUI

/// Installs the model that comes with the app, or leads to where others are got.
struct FirstRunView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        ScrollView {
            VStack(spacing: 20) {
                Image(systemName: "paintbrush.pointed")
                    .font(.largeTitle)
                    .foregroundStyle(Color.accentColor)
                    .accessibilityHidden(true)
                Text("Draw what you type").font(.title)
                Text("Pictures are made on this device. Nothing you type or draw leaves it.").foregroundStyle(.secondary)
                if let arriving = app.shelf.arriving {
                    ArrivingView(arriving: arriving)
                } else {
                    start
                }
                if let trouble = app.shelf.trouble {
                    Text(verbatim: words(trouble)).foregroundStyle(.red).textSelection(.enabled)
                }
            }
            .multilineTextAlignment(.center)
            .frame(maxWidth: 480)
            .frame(maxWidth: .infinity)
            .padding()
        }
    }

    @ViewBuilder private var start: some View {
        if let bundled = app.shelf.bundled {
            Button("Install the app’s model (\(size(bundled.manifest.size)))") { app.installBundled() }
                .buttonStyle(.borderedProminent).controlSize(.large)
            Button("Get another model") { app.path = [.model] }.controlSize(.large)
        } else {
            Text(
                "There is no model on this device yet. A model is a folder that “python -m export.coreml” makes: download or import it."
            )
            Button("Get a model") { app.path = [.model] }.buttonStyle(.borderedProminent).controlSize(.large)
        }
    }
}

/// The progress of an installation.
struct ArrivingView: View {
    @Environment(AppModel.self) private var app
    let arriving: Shelf.Arriving

    var body: some View {
        ProgressView(value: share) { Text(verbatim: words(arriving)) }
        Button("Stop", role: .cancel) { app.shelf.stop() }
    }

    private var share: Double? { if case .installing(let state) = arriving { state.share } else { nil } }
}
