import SwiftUI

@main
struct MeissonicApp: App {
    /// Lives as long as the app: a drawing goes on whatever is on the screen.
    @State private var app = AppModel()

    var body: some Scene {
        WindowGroup {
            RootView().environment(app)
        }
    }
}
