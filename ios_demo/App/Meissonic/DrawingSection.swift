import Accessibility
import MeissonicKit
import MeissonicStudio
import SwiftUI

/// The button, the progress and the result.
struct DrawingSection: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        Section {
            if app.studio.isWorking {
                Button("Stop", role: .cancel) { app.studio.stop() }
            } else {
                Button("Draw") { app.draw() }.disabled(!app.canDraw)
            }
            status
            picture
        }
        .onChange(of: app.studio.isWorking) {
            if !app.studio.isWorking { AccessibilityNotification.Announcement(words(app.studio.state)).post() }
        }
    }

    @ViewBuilder private var status: some View {
        if case .working(let working) = app.studio.state {
            ProgressView(value: share(working)) { Text(verbatim: words(app.studio.state)) }
        } else if app.studio.state != .idle {
            Text(verbatim: words(app.studio.state)).textSelection(.enabled)
        }
    }

    @ViewBuilder private var picture: some View {
        switch app.studio.state {
        case .working(let working):
            if let image = working.preview?.cgImage {
                Image(image, scale: 1, label: Text("The unfinished picture")).resizable().scaledToFit()
            }
        case .done(let drawn, cut: _):
            WholePicture(drawn: drawn)
            Button("Four more") { app.drawMore() }.disabled(!app.canDraw)
            SaveAndShare(drawn: drawn)
        default: EmptyView()
        }
    }

    /// The share of the current work; nil if it is unknown.
    private func share(_ working: Working) -> Double? {
        switch working.stage {
        case .preparing(.checking(let share)): share
        case .preparing(.compiling(_, let number, let count)), .preparing(.warming(_, let number, let count)):
            Double(number - 1) / Double(count)
        case .drawing("steps") where working.step > 0: working.share
        default: nil
        }
    }
}

/// A picture of the history, as large as fits.
struct WholePicture: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn
    @State private var image: CGImage?

    var body: some View {
        Group {
            if let image {
                Image(image, scale: 1, label: Text(verbatim: describe(drawn))).resizable().scaledToFit()
            } else {
                ProgressView()
            }
        }
        .frame(maxWidth: .infinity)
        .task(id: drawn.id) { image = await thumbnail(of: app.gallery.file(drawn), longest: 2048) }
    }
}

struct SaveAndShare: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn
    @State private var saved = false

    var body: some View {
        Button("Save to Photos", systemImage: "square.and.arrow.down") {
            Task {
                do {
                    try await saveToPhotos(app.gallery.file(drawn))
                    saved = true
                } catch {
                    app.complain(error.localizedDescription)
                }
            }
        }
        if saved { Text("Saved to your pictures") }
        ShareLink(item: app.gallery.file(drawn)) { Label("Share", systemImage: "square.and.arrow.up") }
    }
}
