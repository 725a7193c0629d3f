import Foundation
import MeissonicKit
import MeissonicStudio
import SwiftUI

@main
struct MeissonicApp: App {
    /// Lives as long as the app, so that a drawing goes on under any screen.
    @State private var app = AppModel(
        home: .applicationSupportDirectory, documents: .documentsDirectory,
        resource: Bundle.main.resourceURL?.appendingPathComponent("Bundled/model"),
        maker: AppleMaker(folder: URL.applicationSupportDirectory.appendingPathComponent("compiled"))
    ) {
        Picture(reading: $0, longest: 2048)
    }

    var body: some Scene {
        WindowGroup {
            RootView().environment(app)
        }
    }
}
