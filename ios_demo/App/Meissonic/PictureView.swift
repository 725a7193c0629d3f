import MeissonicStudio
import SwiftUI

/// One picture of the history, what made it, and what can be done with it.
struct PictureView: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn
    @State private var image: CGImage?
    @State private var deleting: Drawn?

    var body: some View {
        Form {
            Group {
                if let image {
                    Image(image, scale: 1, label: Text(verbatim: describe(drawn))).resizable().scaledToFit()
                } else {
                    ProgressView()
                }
            }
            .frame(maxWidth: .infinity)
            .task(id: drawn.id) { image = await thumbnail(of: app.gallery.file(drawn), longest: 2048) }
            Section {
                Text(verbatim: drawn.settings.prompt).textSelection(.enabled)
                Text(verbatim: facts(drawn)).foregroundStyle(.secondary).textSelection(.enabled)
            }
            Section {
                Save(drawn: drawn)
                PictureMenu(drawn: drawn) { deleting = drawn }
            }
        }
        .navigationTitle("Picture")
        .navigationBarTitleDisplayMode(.inline)
        .deletion(of: $deleting, from: app)
    }
}

/// What can be done with a picture of the history.
struct PictureMenu: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn
    let delete: () -> Void

    var body: some View {
        Share(drawn: drawn)
        Button("Draw again", systemImage: "arrow.clockwise") { app.drawAgain(drawn) }.disabled(!app.canDraw)
        Button("Four more", systemImage: "plus.square.on.square") { app.drawMore(like: drawn) }.disabled(!app.canDraw)
        Button("Use these settings", systemImage: "slider.horizontal.3") { app.use(drawn) }
        Button("Draw on this picture", systemImage: "paintbrush") { app.drawOn(drawn) }
        Button("Delete", systemImage: "trash", role: .destructive) { delete() }
    }
}

struct Share: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn

    var body: some View {
        ShareLink(item: app.gallery.file(drawn)) { Label("Share", systemImage: "square.and.arrow.up") }
    }
}

struct Save: View {
    @Environment(AppModel.self) private var app
    let drawn: Drawn
    @State private var saved: String?

    var body: some View {
        if saved == drawn.id {
            Label("Saved to your pictures", systemImage: "checkmark")
        } else {
            Button("Save to Photos", systemImage: "square.and.arrow.down") {
                Task {
                    do {
                        try await saveToPhotos(app.gallery.file(drawn))
                        saved = drawn.id
                    } catch {
                        app.problem = .failed(error.localizedDescription)
                    }
                }
            }
        }
    }
}

extension View {
    /// Asks before a picture is deleted, and leaves its screen.
    func deletion(of drawn: Binding<Drawn?>, from app: AppModel) -> some View {
        self.confirmationDialog(
            "Delete this picture?", isPresented: drawn.isThere, titleVisibility: .visible, presenting: drawn.wrappedValue
        ) { deleted in
            Button("Delete", role: .destructive) { app.delete(deleted) }
        }
    }
}

extension Drawn? {
    /// Set to false when the person has answered.
    fileprivate var isThere: Bool {
        get { self != nil }
        set { if !newValue { self = nil } }
    }
}
