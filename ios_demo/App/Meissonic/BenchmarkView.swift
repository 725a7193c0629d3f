import MeissonicStudio
import SwiftUI

/// Starts the benchmark and shares its file.
struct BenchmarkView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        Form {
            Section {
                if app.bench.isRunning {
                    Button("Stop", role: .cancel) { app.bench.stop() }
                } else {
                    Button("Measure") { app.measure() }.disabled(app.isBusy || app.shelf.model == nil)
                }
                switch app.bench.state {
                case .idle: EmptyView()
                case .running(let what): ProgressView { Text(verbatim: what) }
                case .failed(let line): Text(verbatim: line).foregroundStyle(.red)
                }
            } footer: {
                Text(
                    "Draws the model’s recorded picture on each choice of compute units. It takes minutes, the first time many; leave the app open."
                )
            }
            ForEach(app.bench.report?.drawings ?? [], id: \.choice) { DrawingFigures(drawing: $0) }
            if app.bench.isWritten {
                ShareLink(item: app.bench.file) { Label("Share the results (JSON)", systemImage: "square.and.arrow.up") }
            }
        }
        .navigationTitle("Benchmark")
    }
}

private struct DrawingFigures: View {
    let drawing: BenchmarkReport.DrawingCheck

    var body: some View {
        Section(drawing.choice) {
            if let milliseconds = drawing.stepMs {
                Text("A step takes \(tenths(milliseconds)) ms")
                Text("\(String(drawing.equal)) of \(String(drawing.compared)) tokens as recorded")
            }
            ForEach(drawing.errors.sorted { $0.key < $1.key }, id: \.key) { error in
                Text(verbatim: "\(error.key): \(error.value)").foregroundStyle(.red).textSelection(.enabled)
            }
        }
    }
}
