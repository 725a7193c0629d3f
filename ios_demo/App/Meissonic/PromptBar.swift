import MeissonicStudio
import SwiftUI

/// What to draw, the button that draws, and the one that opens the sheet.
struct PromptBar: View {
    @Environment(AppModel.self) private var app
    @FocusState private var isTyping: Bool

    var body: some View {
        @Bindable var app = app
        VStack(alignment: .leading, spacing: 12) {
            OfferView()
            Complaint(.prompt)
            TextField("What to draw", text: $app.draft.prompt, axis: .vertical)
                .lineLimit(1...4)
                .focused($isTyping)
                .padding(12)
                .background(Color.secondary.opacity(0.15), in: .rect(cornerRadius: 12))
            ViewThatFits {  // with large letters, a line for each
                HStack { buttons }
                VStack { buttons }
            }
            .controlSize(.large)
        }
    }

    @ViewBuilder private var buttons: some View {
        Button {
            isTyping = false
            app.showsOptions = true
        } label: {
            Label {
                Text(verbatim: words(app.draft.mode))
            } icon: {
                Image(systemName: "slider.horizontal.3")
            }
        }
        .buttonStyle(.bordered)
        .accessibilityLabel("Options")
        .accessibilityValue(Text(verbatim: words(app.draft.mode)))
        if app.studio.isWorking {
            Button(role: .cancel) {
                app.studio.stop()
            } label: {
                Text("Stop").frame(maxWidth: .infinity)
            }
            .buttonStyle(.bordered)
        } else {
            Button {
                isTyping = false
                app.draw()
            } label: {
                Text("Draw").frame(maxWidth: .infinity)
            }
            .buttonStyle(.borderedProminent)
            .disabled(!app.canDraw)
            .keyboardShortcut(.return)
        }
    }
}

/// Offers the settings of a picture that says what made it.
struct OfferView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        if let offer = app.offer {
            VStack(alignment: .leading, spacing: 8) {
                Text("This picture says what made it: “\(offer.settings.prompt)”").lineLimit(1...3)
                if !offer.sameModel {
                    Text("Another model drew it, so this one draws it differently.").font(.footnote).foregroundStyle(.secondary)
                }
                ViewThatFits {
                    HStack { buttons }
                    VStack(alignment: .leading) { buttons }
                }
            }
        }
    }

    @ViewBuilder private var buttons: some View {
        Button("Use its settings") { app.takeOffer() }.buttonStyle(.borderedProminent)
        Button("Keep mine") { app.hasOffer = false }.buttonStyle(.bordered)
    }
}

/// Shows at a field what is wrong with it.
struct Complaint: View {
    @Environment(AppModel.self) private var app
    private let field: Field

    init(_ field: Field) { self.field = field }

    var body: some View {
        if app.wrong == field {
            Label {
                Text(verbatim: words(field))
            } icon: {
                Image(systemName: "exclamationmark.circle")
            }.foregroundStyle(.red)
        }
    }
}
