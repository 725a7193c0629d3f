import Foundation
import MeissonicKit
import MeissonicStore
import Observation

/// The state of a model's benchmark.
@MainActor @Observable public final class Bench {
    public enum State: Sendable, Equatable {
        case idle
        /// The current work, in English.
        case running(String)
        case failed(String)
    }

    public private(set) var state = State.idle
    /// The results so far, saved after every choice of units.
    public private(set) var report: BenchmarkReport?
    public let file: URL
    @ObservationIgnored private let maker: any EngineMaker
    @ObservationIgnored private var job: Task<Void, Never>?

    /// `file` is the place of the report.
    public init(file: URL, maker: any EngineMaker) {
        (self.file, self.maker) = (file, maker)
    }

    public var isRunning: Bool { if case .running = state { true } else { false } }

    /// Whether a report exists, from this launch or an earlier one.
    public var isWritten: Bool { report != nil || FileManager.default.fileExists(atPath: file.path) }

    /// Measures a model on every choice of units. Nothing else may draw at the same time.
    public func run(
        _ model: StoredModel, facts: DeviceFacts?, on placements: [SelfTest.Placement] = SelfTest.Placement.every
    ) {
        guard !isRunning else { return }
        state = .running("")
        report = nil
        job = Task {
            do {
                try await measure(model, facts, placements)
                state = .idle
            } catch is CancellationError {
                state = .idle
            } catch {
                state = .failed(error.localizedDescription)
            }
        }
    }

    public func stop() { job?.cancel() }

    /// Waits until the benchmark has ended.
    public func finish() async { await job?.value }

    private enum Told: Sendable {
        case doing(String)
        case report(BenchmarkReport)
    }

    private func measure(
        _ model: StoredModel, _ facts: DeviceFacts?, _ placements: [SelfTest.Placement]
    ) async throws {
        let benchmark = try Benchmark(model.bundle, maker: maker)
        let empty = BenchmarkReport(benchmark.golden, machine: .this(), compileSeconds: facts?.compileSeconds ?? [:])
        let (events, teller) = AsyncStream.makeStream(of: Told.self)
        async let done: Void = {
            defer { teller.finish() }
            try await benchmark.run(on: placements, report: empty) {
                teller.yield(.doing($0))
            } told: {
                teller.yield(.report($0))
            }
        }()
        for await event in events {
            switch event {
            case .doing(let what): state = .running(what)
            case .report(let measured):
                report = measured
                try measured.write(to: file)
            }
        }
        try await done
    }
}
