import SwiftUI
import UIKit

/// The four screens. Their state lives in `AppModel`.
struct RootView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.scenePhase) private var phase

    var body: some View {
        @Bindable var app = app
        TabView(selection: $app.tab) {
            NavigationStack { DrawView() }
                .tabItem { Label("Draw", systemImage: "paintbrush") }.tag(AppModel.Tab.draw)
            NavigationStack { HistoryView() }
                .tabItem { Label("History", systemImage: "photo.on.rectangle") }.tag(AppModel.Tab.history)
            NavigationStack { ModelView() }
                .tabItem { Label("Model", systemImage: "shippingbox") }.tag(AppModel.Tab.model)
            NavigationStack { BenchmarkView() }
                .tabItem { Label("Benchmark", systemImage: "stopwatch") }.tag(AppModel.Tab.benchmark)
        }
        .task { await app.shelf.look() }
        .onChange(of: phase) { if phase != .active { app.keep() } }
        .onChange(of: app.isBusy) { UIApplication.shared.isIdleTimerDisabled = app.isBusy }
        .alert("Something failed", isPresented: $app.hasProblem) {
            Button("OK") {}
        } message: {
            Text(verbatim: app.problem ?? "")
        }
    }
}
