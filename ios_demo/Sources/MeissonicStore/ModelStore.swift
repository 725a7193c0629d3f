import Foundation
import MeissonicKit

/// The models on this phone. A model's files lie under `partial/` until each has the size and SHA-256 of the manifest; then
/// the folder is renamed.
///
///     FOLDER/ready/ID/manifest.json ...      ID: of the manifest's content
///     FOLDER/partial/ID/...                  one file ends in .part
///     FOLDER/removed/...                     no longer models, but not yet gone
///
/// The folder belongs to the store. A kill at any moment leaves whole models and what the next call puts in order.
public actor ModelStore {
    public nonisolated let folder: URL
    private let transport: any Transport
    private let freeSpace: @Sendable (URL) -> Int?
    private let engines: Set<EngineKind>?
    private var installing = false

    /// Bundles for other `engines` are refused before they are fetched. `freeSpace` (bytes, nil: unknown) is called before
    /// anything is written.
    public init(
        folder: URL, for engines: Set<EngineKind>? = nil, transport: any Transport = HTTPTransport(),
        freeSpace: @escaping @Sendable (URL) -> Int? = { Disk.free($0) }
    ) {
        self.folder = folder
        self.engines = engines
        self.transport = transport
        self.freeSpace = freeSpace
    }

    /// The complete models. A folder that lacks a file, or whose manifest this version cannot read, is not listed.
    public func models() -> [StoredModel] {
        try? FileManager.default.removeItem(at: removed)
        return names(in: ready).compactMap { id in
            let place = ready.appendingPathComponent(id)
            guard let manifest = try? ModelBundle.readManifest(place) else { return nil }
            let model = StoredModel(id: id, bundle: ModelBundle(folder: place, manifest: manifest))
            return isWhole(model) ? model : nil
        }
    }

    /// Downloads a bundle from the `address` of its folder or manifest. Resumes an earlier attempt.
    ///
    /// Throws `StoreError`, `UserError.bundle` for an invalid manifest and for damaged files, and `CancellationError`.
    public func download(
        _ address: URL, told: @escaping @Sendable (Installation) -> Void = { _ in }
    ) async throws -> StoredModel {
        try await alone {
            let base = address.lastPathComponent == ModelBundle.manifestName ? address.deletingLastPathComponent() : address
            let source = base.appendingPathComponent(ModelBundle.manifestName)
            let data = try await fetch(source)
            let manifest = try ModelBundle.readManifest(data, named: source.absoluteString)
            return try await install(data, manifest, told) { partial, meter in
                for (name, facts) in manifest.files.sorted(by: { $0.key < $1.key }) {
                    try await download(base.appendingPathComponent(name), to: partial.appendingPathComponent(name), facts) {
                        meter.report($0, name, $1)
                    }
                }
            }
        }
    }

    /// Copies a bundle from a folder, for example of the Files app. Throws as `download` does.
    public func importBundle(
        _ source: URL, told: @escaping @Sendable (Installation) -> Void = { _ in }
    ) async throws -> StoredModel {
        try await alone {
            let (data, manifest) = try ModelBundle.manifest(in: source)
            return try await install(data, manifest, told) { partial, meter in
                for (name, facts) in manifest.files.sorted(by: { $0.key < $1.key }) {
                    try copy(source.appendingPathComponent(name), to: partial.appendingPathComponent(name), facts) {
                        meter.report($0, name, $1)
                    }
                    await Task.yield()
                }
            }
        }
    }

    /// The bundle in a folder; nil if there is none, or if it is installed.
    public func installable(_ source: URL) -> ModelBundle? {
        guard let (data, manifest) = try? ModelBundle.manifest(in: source) else { return nil }
        return isWhole(stored(data, manifest)) ? nil : ModelBundle(folder: source, manifest: manifest)
    }

    public func remove(_ id: String) throws {
        let place = ready.appendingPathComponent(id)
        // A model that is half gone must not look whole, so it loses its name first.
        let gone = removed.appendingPathComponent(UUID().uuidString)
        try onDisk(place.path) {
            try FileManager.default.createDirectory(at: removed, withIntermediateDirectories: true)
            try FileManager.default.moveItem(at: place, to: gone)
            try FileManager.default.removeItem(at: removed)
        }
    }

    /// Bytes of unfinished downloads.
    public func unfinished() -> Int {
        let files = FileManager.default.enumerator(at: partial, includingPropertiesForKeys: [.fileSizeKey])
        return (files?.allObjects as? [URL] ?? []).reduce(0) { $0 + size(of: $1) }  // of files on this disk
    }

    /// Deletes unfinished downloads.
    public func discardUnfinished() throws {
        guard !installing else { throw StoreError.busy("a model is being installed: stop it first") }
        if FileManager.default.fileExists(atPath: partial.path) {
            try onDisk(partial.path) { try FileManager.default.removeItem(at: partial) }
        }
    }

    // MARK: - Installing

    private var ready: URL { folder.appendingPathComponent("ready") }
    private var removed: URL { folder.appendingPathComponent("removed") }
    private var partial: URL { folder.appendingPathComponent("partial") }

    private func alone<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        guard !installing else { throw StoreError.busy("a model is being installed: wait for it, or stop it first") }
        installing = true
        defer { installing = false }
        return try await work()
    }

    private func install(
        _ data: Data, _ manifest: Manifest, _ told: @escaping @Sendable (Installation) -> Void,
        fill: (URL, Meter) async throws -> Void
    ) async throws -> StoredModel {
        if let engines, !engines.contains(manifest.engine) {
            let command = engines.contains(.coreML) ? "export.coreml" : "export.onnx"
            throw UserError.bundle(
                "\(manifest.model.name) was exported for \(manifest.engine.rawValue), which does not run here: "
                    + "export it with python -m \(command)")
        }
        let model = stored(data, manifest)
        let place = model.bundle.folder
        if isWhole(model) { return model }
        try? FileManager.default.removeItem(at: place)  // of a kill within an older version's removal

        let unfinished = partial.appendingPathComponent(model.id)
        try prepare(unfinished)
        let total = manifest.size
        try checkRoom(total - present(manifest, in: unfinished))
        try await fill(unfinished, Meter(total: total, told))
        // The manifest last, because a folder without it is not a bundle.
        let copy = unfinished.appendingPathComponent(ModelBundle.manifestName)
        try onDisk(copy.path) { try data.write(to: copy, options: .atomic) }
        try onDisk(place.path) {
            try FileManager.default.createDirectory(at: ready, withIntermediateDirectories: true)
            try FileManager.default.moveItem(at: unfinished, to: place)
        }
        return model
    }

    /// The model that the bundle of a manifest becomes.
    private func stored(_ data: Data, _ manifest: Manifest) -> StoredModel {
        let id = String(sha256(data).prefix(16))
        return StoredModel(id: id, bundle: ModelBundle(folder: ready.appendingPathComponent(id), manifest: manifest))
    }

    private func isWhole(_ model: StoredModel) -> Bool {
        let place = model.bundle.folder
        return (try? ModelBundle.readManifest(place)) != nil
            && model.bundle.manifest.files.allSatisfy { size(of: place.appendingPathComponent($0.key)) == $0.value.size }
    }

    private func prepare(_ unfinished: URL) throws {
        try onDisk(unfinished.path) {
            try FileManager.default.createDirectory(at: unfinished, withIntermediateDirectories: true)
        }
        try Disk.keepOutOfBackups(folder)
    }

    private func checkRoom(_ needed: Int) throws {
        guard let free = freeSpace(folder), free < needed else { return }
        throw StoreError.disk(
            "the model needs \(gigabytes(needed)) more, and \(gigabytes(free)) are free: free some space and try again")
    }

    /// Bytes of the manifest's files that have arrived.
    private func present(_ manifest: Manifest, in place: URL) -> Int {
        manifest.files.reduce(0) { sum, entry in
            let file = place.appendingPathComponent(entry.key)
            let part = URL(fileURLWithPath: file.path + PartFile.suffix)
            return sum + min(max(size(of: file), size(of: part)), entry.value.size)
        }
    }

    private func download(
        _ source: URL, to file: URL, _ facts: FileFacts, report: @escaping @Sendable (Installation.Stage, Int) -> Void
    ) async throws {
        if FileManager.default.fileExists(atPath: file.path) {  // a file gets its name only with the right hash
            return report(.downloading, facts.size)
        }
        let part = try PartFile(for: file)
        if part.length > facts.size { try part.cut(to: 0) }
        if part.length < facts.size || facts.size == 0 {
            do { try await fill(part, from: source, facts, report) } catch StoreError.rangeRefused where part.length > 0 {
                report(.downloading, -part.length)
                try part.cut(to: 0)
                try await fill(part, from: source, facts, report)
            }
        } else {
            report(.downloading, part.length)
        }
        try part.finish(facts) { _ in report(.checking, 0) }
    }

    private func fill(
        _ part: PartFile, from source: URL, _ facts: FileFacts,
        _ report: @escaping @Sendable (Installation.Stage, Int) -> Void
    ) async throws {
        report(.downloading, part.length)
        do {
            try await transport.get(source, from: part.length) { start in
                report(.downloading, start - part.length)
                try part.cut(to: start)
            } received: { data in
                guard part.length + data.count <= facts.size else {
                    throw try part.refused(facts, length: part.length + data.count)
                }
                try part.append(data)
                report(.downloading, data.count)
            }
        } catch StoreError.rangeRefused {
            throw StoreError.rangeRefused
        } catch {
            try? part.close()
            throw error
        }
        try Task.checkCancellation()
        guard part.length == facts.size else {  // from a server that announces no length
            try? part.close()
            throw StoreError.network("\(source.absoluteString) ended after \(part.length) bytes of \(facts.size): go on")
        }
    }

    private func copy(
        _ source: URL, to file: URL, _ facts: FileFacts, report: (Installation.Stage, Int) -> Void
    ) throws {
        if FileManager.default.fileExists(atPath: file.path) { return report(.copying, facts.size) }
        guard isFile(source), let reader = try? FileHandle(forReadingFrom: source) else {
            throw UserError.bundle("\(source.path) is missing: copy the bundle again")
        }
        defer { try? reader.close() }
        let part = try PartFile(for: file)
        try part.cut(to: 0)
        while let data = try onDisk(source.path, { try reader.read(upToCount: 1 << 20) }), !data.isEmpty {
            try Task.checkCancellation()
            try part.append(data)
            report(.copying, data.count)
        }
        try part.finish(facts) { _ in report(.checking, 0) }
    }

    /// A manifest in memory. Throws `UserError.bundle` for one that is too large.
    private func fetch(_ url: URL) async throws -> Data {
        let received = Received()
        try await transport.get(url, from: 0) { _ in
        } received: {
            try received.add($0, from: url)
        }
        try Task.checkCancellation()
        return received.data
    }

    private nonisolated func names(in place: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).sorted()
    }

    private nonisolated func size(of file: URL) -> Int {
        let facts = try? FileManager.default.attributesOfItem(atPath: file.path)
        return facts?[.type] as? FileAttributeType == .typeRegular ? (facts?[.size] as? NSNumber)?.intValue ?? 0 : 0
    }
}

private final class Received: @unchecked Sendable {  // a transport calls one closure at a time
    private(set) var data = Data()

    func add(_ more: Data, from url: URL) throws {
        guard more.count <= Limits.manifest - data.count else {
            throw UserError.bundle("\(url.absoluteString) is too large for a manifest: check the address")
        }
        data.append(more)
    }
}

/// Counts the installed bytes.
private final class Meter: @unchecked Sendable {  // as above
    private var state: Installation
    private let told: @Sendable (Installation) -> Void

    init(total: Int, _ told: @escaping @Sendable (Installation) -> Void) {
        state = Installation(total: total)
        self.told = told
    }

    func report(_ stage: Installation.Stage, _ file: String, _ bytes: Int) {
        state.add(bytes, of: file, at: stage)
        told(state)
    }
}
