import Foundation
import MeissonicKit
import TestSupport
import Testing

@testable import MeissonicStudio

@MainActor @Suite struct BenchTests {
    @Test func everyChoiceIsMeasuredAndFailuresAreNoted() async throws {
        let scene = try Scene(maker: OrtMaker(broken: [.all(.gpu)]))
        defer { scene.close() }
        let bench = Bench(file: scene.folder.appendingPathComponent("benchmark.json"), maker: scene.maker)
        #expect(!bench.isWritten)
        bench.run(scene.model, facts: nil, on: [.asMade, .all(.gpu)])
        #expect(bench.isRunning)
        await bench.finish()
        #expect(bench.state == .idle && bench.isWritten)
        let manifest = scene.model.bundle.manifest
        let report = try #require(bench.report)
        #expect(report.graphs.map(\.graph) == manifest.graphs.keys.sorted())
        for check in report.graphs {
            #expect(check.errors.isEmpty && check.loadSeconds.count == 2, "\(check)")
            #expect((check.predictMs ?? 0) > 0 && (check.firstPredictMs ?? 0) > 0, "\(check)")
        }
        let drawing = report.drawings[0]
        #expect(drawing.errors.isEmpty && drawing.choice == "AS_SHIPPED")
        #expect(drawing.share == 1 && drawing.imageSame == true && (drawing.stepMs ?? 0) > 0)
        #expect(drawing.steps.count == 16 && drawing.compared > 0)
        #expect(report.drawings[1].errors == ["engine": "gpu is broken"])
        let written = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: bench.file)) as? [String: Any])
        #expect(written["format"] as? String == "meissonic-mobile benchmark")
        let graphs = try #require(written["graphs"] as? [[String: Any]])
        #expect(graphs.contains { $0["graph"] as? String == "text_encoder" && $0["first_predict_ms"] is NSNumber })
        let bundle = try #require(written["bundle"] as? [String: Any])
        #expect((bundle["precision"] as? [String: String])?.keys.contains("text_encoder") == true)
    }

    @Test func itCanBeStopped() async throws {
        let scene = try Scene()
        defer { scene.close() }
        let bench = Bench(file: scene.folder.appendingPathComponent("benchmark.json"), maker: scene.maker)
        bench.run(scene.model, facts: nil)
        await scene.until { if case .running(let what) = bench.state { !what.isEmpty } else { true } }
        bench.stop()
        await bench.finish()
        #expect(bench.state == .idle && bench.report == nil)
    }

    @Test func stepsAreChosenAsOnAMac() {
        #expect(Benchmark.chosen(of: 4, most: 16) == [0, 1, 2, 3])
        #expect(Benchmark.chosen(of: 1, most: 16) == [0])
        // python: sorted({round(i * 63 / 15) for i in range(16)})
        #expect(Benchmark.chosen(of: 64, most: 16) == [0, 4, 8, 13, 17, 21, 25, 29, 34, 38, 42, 46, 50, 55, 59, 63])
    }
}
