import SwiftUI

@main
struct MeissonicApp: App {
    /// Lives as long as the app, so that a drawing goes on under any screen.
    @State private var app = AppModel()

    var body: some Scene {
        WindowGroup {
            RootView().environment(app)
        }
    }
}
