import MeissonicKit
import MeissonicStudio
import PhotosUI
import SwiftUI

/// Shows the picture to draw on, and chooses another.
struct PickedPicture: View {
    @Environment(AppModel.self) private var app
    @State private var item: PhotosPickerItem?

    var body: some View {
        HStack {
            if let image = app.picked?.cgImage {
                Image(image, scale: 1, label: Text("The picture to start from")).resizable().scaledToFit()
                    .frame(maxWidth: 96, maxHeight: 96)
            }
            // The file as it is, because a PNG may say what made it.
            PhotosPicker("Choose picture", selection: $item, matching: .images, preferredItemEncoding: .current)
        }
        .onChange(of: item) {
            guard let item else { return }
            Task { await take(item) }
        }
    }

    private func take(_ item: PhotosPickerItem) async {
        do {
            if let data = try await item.loadTransferable(type: Data.self) {
                app.pick(data)
            } else {
                app.problem = .unreadablePicture
            }
        } catch {
            app.problem = .failed(error.localizedDescription)
        }
    }
}
