import Accessibility
import MeissonicKit
import MeissonicStudio
import SwiftUI

/// The picture, and under it what to draw. The rest is in a sheet.
struct DrawView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        @Bindable var app = app
        Group {
            if let model = app.shelf.model {
                Easel(manifest: model.bundle.manifest)
                    .inspector(isPresented: $app.showsOptions) { OptionsView(manifest: model.bundle.manifest) }
            } else if app.shelf.isRead {
                FirstRunView()
            } else {
                ProgressView()
            }
        }
        .navigationTitle("Meissonic")
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
            ToolbarItem(placement: .topBarLeading) {
                NavigationLink(value: AppModel.Screen.history) { Label("History", systemImage: "square.grid.2x2") }
            }
            ToolbarItem(placement: .topBarTrailing) {
                Menu {
                    Button("Model", systemImage: "shippingbox") { app.path.append(.model) }
                    Button("Benchmark", systemImage: "stopwatch") { app.path.append(.benchmark) }
                } label: {
                    Label("More", systemImage: "ellipsis.circle")
                }
            }
        }
        .onChange(of: app.studio.isWorking) {
            if !app.studio.isWorking { AccessibilityNotification.Announcement(words(app.studio.state)).post() }
        }
    }
}

/// The picture above its prompt, or beside it where the screen is low.
private struct Easel: View {
    @Environment(\.verticalSizeClass) private var height
    let manifest: Manifest

    var body: some View {
        if height == .compact {
            HStack(alignment: .top, spacing: 16) {
                Stage(manifest: manifest)
                ScrollView {
                    VStack(spacing: 16) {
                        PromptBar()
                        Outcome()
                    }
                }
                .scrollDismissesKeyboard(.interactively)
            }
            .padding()
        } else {
            ScrollView {
                VStack(spacing: 16) {
                    Stage(manifest: manifest)
                    Outcome()
                }
                .frame(maxWidth: 700)  // of an iPad
                .frame(maxWidth: .infinity)
                .padding()
            }
            .scrollDismissesKeyboard(.interactively)
            .safeAreaInset(edge: .bottom) {
                PromptBar().frame(maxWidth: 700).frame(maxWidth: .infinity).padding().background(.bar)
            }
        }
    }
}

/// The progress, or what came of the last drawing and what can be done with it.
private struct Outcome: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        if case .working(let working) = app.studio.state {
            ProgressView(value: share(working)) { Text(verbatim: words(app.studio.state)) }
        } else {
            if app.studio.state != .idle {
                Text(verbatim: words(app.studio.state)).font(.footnote).foregroundStyle(.secondary).textSelection(.enabled)
            }
            if let drawn = app.shown {
                ViewThatFits {  // with large letters, a line for each
                    HStack { actions(drawn) }
                    VStack { actions(drawn) }
                }
                .buttonStyle(.bordered)
                .controlSize(.large)
            }
        }
    }

    @ViewBuilder private func actions(_ drawn: Drawn) -> some View {
        Share(drawn: drawn)
        Save(drawn: drawn)
        Button("Four more", systemImage: "plus.square.on.square") { app.drawMore() }.disabled(!app.canDraw)
    }

    /// The share of the current work; nil if it is unknown.
    private func share(_ working: Working) -> Double? {
        switch working.stage {
        case .preparing(.checking(let share)): share
        case .preparing(.compiling(_, let number, let count)), .preparing(.warming(_, let number, let count)):
            Double(number - 1) / Double(count)
        case .drawing("steps") where working.step > 0: working.share
        default: nil
        }
    }
}
