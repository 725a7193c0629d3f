import Foundation
import MeissonicKit
import MeissonicStore

/// A part of the preparation before a model's first drawing here.
public enum Preparation: Sendable, Equatable {
    /// Files are read and hashed.
    case checking(share: Double)
    /// Once for each model.
    case compiling(graph: String, number: Int, count: Int)
    /// Once for each model and choice of units: two recorded steps are drawn.
    case testing(SelfTest.Placement)
    /// Once for each model, choice and size: the system prepares each graph, which can take minutes.
    case warming(graph: String, number: Int, count: Int)
}

/// The facts about a model on this device.
public struct DeviceFacts: Codable, Sendable, Equatable {
    /// The facts hold for this choice and version of the system only.
    public let preferred: SelfTest.Placement
    public let system: String
    /// The results of the self-test; the last one passed.
    public internal(set) var results: [SelfTest.Result] = []
    /// The shapes that were loaded once.
    var warmed: Set<String> = []
    /// Seconds by graph.
    public internal(set) var compileSeconds: [String: Double] = [:]

    public var placement: SelfTest.Placement? { results.last { $0.passed }?.placement }
}

/// A model that is ready to draw.
struct OpenModel: Sendable {
    let id: String
    let preferred: SelfTest.Placement
    let generator: Generator
    let engine: any Engine
}

/// Opens models, and remembers the work that is needed only once for each.
struct Preparer: Sendable {
    let maker: any EngineMaker
    /// Holds one file for each model.
    let folder: URL
    var system = ProcessInfo.processInfo.operatingSystemVersionString

    func kept(_ model: String) -> Kept<DeviceFacts> { Kept(folder.appendingPathComponent("\(model).json")) }

    /// Hashes, compiles and tests. Throws `UserError`, `CancellationError`.
    func open(
        _ model: StoredModel, preferred: SelfTest.Placement, availableMemory: @escaping @Sendable () -> Int?,
        told: @escaping @Sendable (Preparation) -> Void
    ) async throws -> OpenModel {
        told(.checking(share: 0))
        let bundle = try ModelBundle.open(model.bundle.folder) { told(.checking(share: Double($0) / Double($1))) }
        var facts = current(model.id, preferred)
        try await compile(bundle, &facts, told)
        try kept(model.id).save(facts)  // keeps the compilation if the test fails
        let engine: any Engine
        if let placement = facts.placement {
            engine = try maker.engine(bundle, on: placement)
        } else {
            let chosen = try await SelfTest.choose(for: bundle, among: SelfTest.placements(preferred: preferred)) {
                told(.testing($0))
                return try maker.engine(bundle, on: $0)
            }
            (engine, facts.results) = chosen
            try kept(model.id).save(facts)
        }
        let generator = try Generator(engine: engine, keepText: true, availableMemory: availableMemory)
        return OpenModel(id: model.id, preferred: preferred, generator: generator, engine: engine)
    }

    /// Loads once each graph that a drawing with `settings` needs. Throws `UserError`, `CancellationError`.
    func warm(_ open: OpenModel, for settings: Settings, told: @escaping @Sendable (Preparation) -> Void) async throws {
        var facts = current(open.id, open.preferred)
        let manifest = open.engine.bundle.manifest
        let shape = settings.dimensions(for: manifest).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        guard !facts.warmed.contains(shape.joined(separator: ", ")) else { return }
        let graphs = manifest.graphs.keys.sorted()
        for (index, graph) in graphs.enumerated() {
            told(.warming(graph: graph, number: index + 1, count: graphs.count))
            try await open.engine.warm(graph, for: settings)
        }
        facts.warmed.insert(shape.joined(separator: ", "))
        try kept(open.id).save(facts)
    }

    /// The facts that are still valid.
    private func current(_ id: String, _ preferred: SelfTest.Placement) -> DeviceFacts {
        let before = kept(id).load()
        if let before, before.preferred == preferred, before.system == system { return before }
        var facts = DeviceFacts(preferred: preferred, system: system)
        facts.compileSeconds = before?.compileSeconds ?? [:]
        return facts
    }

    private func compile(
        _ bundle: ModelBundle, _ facts: inout DeviceFacts, _ told: @Sendable (Preparation) -> Void
    ) async throws {
        let graphs = bundle.manifest.graphs.keys.sorted()
        for (index, graph) in graphs.enumerated() {
            try Task.checkCancellation()
            told(.compiling(graph: graph, number: index + 1, count: graphs.count))
            let begun = ContinuousClock.now
            if try await maker.compile(graph, of: bundle) {
                facts.compileSeconds[graph] = (ContinuousClock.now - begun) / .seconds(1)
            }
        }
    }
}
