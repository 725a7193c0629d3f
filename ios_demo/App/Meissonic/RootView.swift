import MeissonicStudio
import SwiftUI
import UIKit

/// The screen that draws, and those over it. Their state lives in `AppModel`.
struct RootView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.scenePhase) private var phase

    var body: some View {
        @Bindable var app = app
        NavigationStack(path: $app.path) {
            DrawView().navigationDestination(for: AppModel.Screen.self) { screen in
                switch screen {
                case .history: HistoryView()
                case .picture(let drawn): PictureView(drawn: drawn)
                case .model: ModelView()
                case .benchmark: BenchmarkView()
                }
            }
        }
        .task { await app.shelf.look() }
        .onOpenURL { file in
            let secured = file.startAccessingSecurityScopedResource()
            app.open(file) { if secured { file.stopAccessingSecurityScopedResource() } }
        }
        .onChange(of: phase) { if phase != .active { app.keep() } }
        .onChange(of: app.isBusy) { UIApplication.shared.isIdleTimerDisabled = app.isBusy }
        .problemAlert($app.hasProblemOnScreen, app.problem)
    }
}

extension View {
    /// Says what failed.
    func problemAlert(_ isPresented: Binding<Bool>, _ problem: AppModel.Problem?) -> some View {
        self.alert("Something failed", isPresented: isPresented) {
            Button("OK") {}
        } message: {
            Text(verbatim: problem.map(words) ?? "")
        }
    }
}
