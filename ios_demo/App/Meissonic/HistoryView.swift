import MeissonicStudio
import SwiftUI

/// All pictures, newest first.
struct HistoryView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        ScrollView {
            LazyVGrid(columns: [GridItem(.adaptive(minimum: 110))]) {
                ForEach(app.gallery.entries) { drawn in
                    NavigationLink {
                        PictureView(drawn: drawn)
                    } label: {
                        Thumbnail(drawn: drawn)
                    }
                }
            }
            .padding()
        }
        .overlay {
            if app.gallery.entries.isEmpty { ContentUnavailableView("No pictures yet", systemImage: "photo") }
        }
        .navigationTitle("History")
    }
}

private struct Thumbnail: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn
    @State private var image: CGImage?

    var body: some View {
        ZStack {
            Color.secondary.opacity(0.2)
            if let image { Image(decorative: image, scale: 1).resizable().scaledToFill() }
        }
        .aspectRatio(1, contentMode: .fit)
        .clipped()
        .accessibilityLabel(Text(verbatim: describe(drawn)))
        .task(id: drawn.id) { image = await thumbnail(of: app.gallery.file(drawn), longest: 360) }
    }
}

/// One picture with its actions.
private struct PictureView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.dismiss) private var dismiss
    let drawn: Drawn
    @State private var deleting = false

    var body: some View {
        Form {
            WholePicture(drawn: drawn)
            Text(verbatim: drawn.settings.prompt).textSelection(.enabled)
            Text(verbatim: facts(drawn)).foregroundStyle(.secondary).textSelection(.enabled)
            SaveAndShare(drawn: drawn)
            Button("Use these settings") { app.use(drawn) }
            Button("Draw on this picture") { app.drawOn(drawn) }
            Button("Delete", role: .destructive) { deleting = true }
        }
        .navigationTitle("Picture")
        .navigationBarTitleDisplayMode(.inline)
        .confirmationDialog("Delete this picture?", isPresented: $deleting, titleVisibility: .visible) {
            Button("Delete", role: .destructive) {
                dismiss()
                app.gallery.remove(drawn)
            }
        }
    }
}
