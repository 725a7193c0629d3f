#if canImport(CoreML)
import Foundation
import MeissonicKit
import Testing
import TestSupport

@testable import MeissonicCoreML

/// Compares an iPhone bundle (`MEISSONIC_IPHONE_BUNDLE`, else the one `make test` makes) on Core ML, on a Mac, with its golden
/// trace. Another engine rounds differently, so the test bounds the share of equal tokens.
@Suite(.serialized) struct CoreMLTests {
    private func engine(_ placement: SelfTest.Placement) throws -> (ModelBundle, CoreMLEngine) {
        let bundle = try ModelBundle.open(Repository.iphone)
        let compiled = CompiledPackages(folder: Repository.root.appendingPathComponent("build/compiled"))
        return (bundle, try CoreMLEngine(bundle: bundle, compiled: compiled, placement: placement))
    }

    @Test(arguments: [SelfTest.Placement.all(.cpu), .asMade])
    func teacherForcedStepsDrawTheTracesTokens(placement: SelfTest.Placement) async throws {
        let (bundle, engine) = try engine(placement)
        let golden = try Golden(bundle)
        let likeness = try await golden.compare(engine, steps: Array(0..<golden.trace.steps))
        #expect(likeness.share >= golden.tolerance, "\(likeness.equal) of \(likeness.compared) on \(placement)")
    }

    @Test func aPictureIsDrawnAfterPrewarming() async throws {
        let (bundle, engine) = try engine(.asMade)
        let request = Request("a red cat")
        for graph in bundle.manifest.graphs.keys { try await engine.warm(graph, for: settle(request, bundle.manifest)) }
        let drawing = try await Generator(engine: engine).draw(request)
        #expect(drawing.picture.size == bundle.manifest.defaults.size)
    }
}
#endif
