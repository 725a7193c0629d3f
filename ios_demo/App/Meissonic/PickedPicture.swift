import MeissonicKit
import MeissonicStudio
import PhotosUI
import SwiftUI

/// Shows the picture to draw on, and chooses another.
struct PickedPicture: View {
    @Environment(AppModel.self) private var app
    @State private var item: PhotosPickerItem?
    private let longest = 2048  // pixels of its longer side that are kept

    var body: some View {
        HStack {
            if let image = app.picked?.cgImage {
                Image(image, scale: 1, label: Text("The picture to start from")).resizable().scaledToFit()
                    .frame(maxWidth: 96, maxHeight: 96)
            }
            PhotosPicker("Choose picture", selection: $item, matching: .images)
        }
        .onChange(of: item) {
            guard let item else { return }
            Task { await take(item) }
        }
    }

    private func take(_ item: PhotosPickerItem) async {
        do {
            let data = try await item.loadTransferable(type: Data.self)
            if let data, let picture = await read(data) {
                app.pick(picture)
            } else {
                app.complain(String(localized: "This picture cannot be read: choose another"))
            }
        } catch {
            app.complain(error.localizedDescription)
        }
    }

    /// Off the main thread.
    private nonisolated func read(_ data: Data) async -> Picture? { Picture(reading: data, longest: longest) }
}
