import MeissonicKit
import MeissonicStudio
import SwiftUI

/// The newest picture. While one is drawn, its preview grows into it at the same place.
struct Stage: View {
    @Environment(AppModel.self) private var app
    let manifest: Manifest
    @State private var image: CGImage?
    @State private var deleting: Drawn?

    var body: some View {
        ZStack {
            Color.secondary.opacity(0.12)
            if let image {
                Image(image, scale: 1, label: Text(verbatim: label)).resizable().scaledToFit().transition(.opacity)
            } else if isWorking {
                ProgressView()
            } else {
                ContentUnavailableView(
                    "No picture yet", systemImage: "paintbrush", description: Text("Say what to draw, then tap Draw."))
            }
        }
        .aspectRatio(Double(shape.width) / Double(shape.height), contentMode: .fit)
        .clipShape(.rect(cornerRadius: 20))
        .animation(.default, value: isWorking)
        .contextMenu { if let drawn = app.shown, !isWorking { PictureMenu(drawn: drawn) { deleting = drawn } } }
        .deletion(of: $deleting, from: app)
        .onChange(of: preview) { if let preview { image = preview.cgImage } }
        .task(id: Shown(id: app.shown?.id, isWorking: isWorking)) {
            guard !isWorking else { return }  // the last picture stays until the first preview
            image = if let drawn = app.shown { await thumbnail(of: app.gallery.file(drawn), longest: 2048) } else { nil }
        }
    }

    private struct Shown: Equatable {
        let id: String?
        let isWorking: Bool
    }

    private var isWorking: Bool { app.studio.isWorking }

    private var preview: Picture? { if case .working(let working) = app.studio.state { working.preview } else { nil } }

    private var label: String {
        isWorking ? String(localized: "The unfinished picture") : app.shown.map(describe) ?? ""
    }

    private var shape: Size {
        let drawn = isWorking ? nil : app.shown?.settings.size
        return drawn ?? app.draft.size(for: manifest)
    }
}
