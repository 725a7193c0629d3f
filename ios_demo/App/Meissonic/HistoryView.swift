import MeissonicStudio
import SwiftUI

/// All pictures, newest first. A long press shows what can be done with one.
struct HistoryView: View {
    @Environment(AppModel.self) private var app
    @State private var deleting: Drawn?

    var body: some View {
        ScrollView {
            LazyVGrid(columns: [GridItem(.adaptive(minimum: 110))]) {
                ForEach(app.gallery.entries) { drawn in
                    NavigationLink(value: AppModel.Screen.picture(drawn)) { Thumbnail(drawn: drawn) }
                        .contextMenu { PictureMenu(drawn: drawn) { deleting = drawn } }
                }
            }
            .padding()
        }
        .overlay {
            if app.gallery.entries.isEmpty { ContentUnavailableView("No pictures yet", systemImage: "photo") }
        }
        .deletion(of: $deleting, from: app)
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
        .clipShape(.rect(cornerRadius: 8))
        .accessibilityLabel(Text(verbatim: describe(drawn)))
        .task(id: drawn.id) { image = await thumbnail(of: app.gallery.file(drawn), longest: 360) }
    }
}
