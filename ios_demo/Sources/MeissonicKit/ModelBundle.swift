import Foundation

/// An open bundle: every file of the manifest exists with the size and SHA-256 that the manifest gives. (An engine that maps a
/// truncated data file would crash.)
public struct ModelBundle: Sendable {
    public let folder: URL
    public let manifest: Manifest

    /// A bundle with files that were verified before; `open` verifies them.
    public init(folder: URL, manifest: Manifest) {
        self.folder = folder
        self.manifest = manifest
    }

    static let format = "meissonic-mobile"
    static let version = 1
    public static let manifestName = "manifest.json"

    /// Reads the manifest, and verifies every file and that graphs read no others.
    ///
    /// `verified` gets the bytes checked so far and their total, about once a MiB. Throws `UserError.bundle` with one line that
    /// names the file, and `CancellationError` if the task is cancelled.
    public static func open(_ folder: URL, verified: (_ bytes: Int, _ total: Int) -> Void = { _, _ in }) throws
        -> ModelBundle
    {
        let manifest = try readManifest(folder)
        let total = manifest.size
        var done = 0
        for (name, facts) in manifest.files.sorted(by: { $0.key < $1.key }) {
            try verify(name, facts, in: folder) { count in
                done += count
                verified(done, total)
            }
        }
        let bundle = ModelBundle(folder: folder, manifest: manifest)
        if manifest.engine == .onnxRuntime {
            for graph in manifest.graphs.values {
                for model in graph.models + graph.contexts.values.map({ $0[0] }) { try bundle.checkExternal(model) }
            }
        }
        return bundle
    }

    /// Reads the manifest without checking the other files. Throws `UserError.bundle`.
    public static func readManifest(_ folder: URL) throws -> Manifest { try manifest(in: folder).manifest }

    /// The manifest of a folder and its bytes. Throws `UserError.bundle`.
    package static func manifest(in folder: URL) throws -> (data: Data, manifest: Manifest) {
        let file = folder.appendingPathComponent(manifestName)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw UserError.bundle(
                "\(folder.path) is not a bundle: it has no \(manifestName) (make one with python -m export.onnx or export.coreml)"
            )
        }
        let data = try content(of: file, limit: Limits.manifest)
        return (data, try readManifest(data, named: file.path))
    }

    /// The manifest in `data`; `path` is for messages. Throws `UserError.bundle`.
    public static func readManifest(_ data: Data, named path: String) throws -> Manifest {
        guard data.count <= Limits.manifest else {
            throw UserError.bundle("\(path) is larger than \(Limits.manifest / 1_000_000) MB: export the bundle again")
        }
        let head: Head
        do { head = try StrictJSON.decode(Head.self, from: data) } catch let problem as JSONProblem {
            throw UserError.bundle("\(path) is not valid JSON (\(problem.line)): export the bundle again")
        } catch {
            head = Head(format: nil, version: nil)
        }
        guard head.format == format else {
            throw UserError.bundle("\(path) is not a \(format) manifest: its \"format\" should be \"\(format)\"")
        }
        if let found = head.version, found > version {
            throw UserError.bundle("\(path) has version \(found), newer than \(version): update the runtime")
        }
        guard head.version == version else {
            throw UserError.bundle("\(path): its \"version\" should be \(version): export the bundle again")
        }
        return try decode(Manifest.self, from: data, named: path)
    }

    /// SHA-256 of the manifest, which names the model in a picture's settings. Throws `UserError.bundle`.
    public func sha256() throws -> String {
        MeissonicKit.sha256(try content(of: path(ModelBundle.manifestName), limit: Limits.manifest))
    }

    public func path(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// The text of a file. Throws `UserError.bundle`.
    public func text(_ name: String) throws -> String {
        guard let text = String(data: try content(of: path(name), limit: Limits.textFile), encoding: .utf8) else {
            throw UserError.bundle("\(path(name).path) is not UTF-8: export the bundle again")
        }
        return text
    }

    /// The golden trace, if the bundle has one. Throws `UserError.bundle`.
    public func golden() throws -> GoldenTrace? {
        guard let name = manifest.golden else { return nil }
        return try decode(GoldenTrace.self, name)
    }

    /// A JSON file. Throws `UserError.bundle`.
    func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try ModelBundle.decode(type, from: Data(text(name).utf8), named: path(name).path)
    }

    /// Bytes of a graph's files: a lower bound of its weights in memory.
    public func size(of graph: String) -> Int {
        (manifest.graphs[graph]?.files ?? []).reduce(0) { $0 + (manifest.files[$1]?.size ?? 0) }
    }

    /// 16 hexadecimal digits that change with the graph's files.
    public func fingerprint(of graph: String) throws -> String {
        var digest = Digest()
        for file in try self.graph(graph).files { digest.update(Data((manifest.files[file]?.sha256 ?? "").utf8)) }
        return String(digest.hex().prefix(16))
    }

    /// A graph of the manifest. Throws `UserError.bundle`.
    public func graph(_ name: String) throws -> Graph {
        guard let graph = manifest.graphs[name] else {
            throw UserError.bundle("\(folder.path) has no graph '\(name)': export the bundle again")
        }
        return graph
    }

    /// The keys that identify the schema.
    private struct Head: Decodable {
        let format: String?
        let version: Int?

        init(format: String?, version: Int?) { (self.format, self.version) = (format, version) }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            format = try? fields.decode(String.self, forKey: .format)
            version = (try? decoder.checkWhole(CodingKeys.version)).flatMap { try? fields.decode(Int.self, forKey: .version) }
        }

        enum CodingKeys: String, CodingKey { case format, version }
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, from data: Data, named path: String) throws
        -> Value
    {
        do { return try StrictJSON.decode(type, from: data) } catch let problem as JSONProblem {
            throw UserError.bundle("\(path) is not valid JSON (\(problem.line)): export the bundle again")
        } catch let error as DecodingError {
            throw UserError.bundle("\(path): \(firstProblem(error)): export the bundle again")
        }
    }

    private static func firstProblem(_ error: DecodingError) -> String {
        let context: DecodingError.Context
        var place: [any CodingKey] = []
        var what: String?
        switch error {
        case .keyNotFound(let key, let found):
            (context, place, what) = (found, [key], "it is missing")
        case .valueNotFound(_, let found), .typeMismatch(_, let found), .dataCorrupted(let found):
            context = found
        @unknown default:
            return String(describing: error)
        }
        let path = context.codingPath + place
        let steps = path.map { $0.intValue.map(String.init) ?? $0.stringValue }
        return (steps + [what ?? context.debugDescription]).joined(separator: ": ")
    }

    /// Throws `UserError.bundle` if an ONNX model reads a file that has no hash in the manifest.
    private func checkExternal(_ model: String) throws {
        let file = path(model)
        let locations: Set<String>
        do { locations = try OnnxFiles.locations(in: file) } catch let problem as OnnxProblem {
            throw UserError.bundle("\(file.path) is not an ONNX model (\(problem.line)): export the bundle again")
        }
        let slash = UInt8(ascii: "/")
        let folder = model.utf8.split(separator: slash).dropLast()
        for location in locations.sorted() {
            let parts = folder + location.utf8.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
            let path = parts.map { String(Substring($0)) }.joined(separator: "/")
            guard location.utf8.first != slash, manifest.files.has(path) else {
                throw UserError.bundle(
                    "\(file.path) reads '\(location)', which the manifest does not list: export the bundle again")
            }
        }
    }

    private static let part = 1 << 20  // bytes read at a time

    private static func verify(_ name: String, _ facts: FileFacts, in folder: URL, progress: (Int) -> Void) throws {
        let file = folder.appendingPathComponent(name)
        let path = file.path
        guard isFile(file) else { throw UserError.bundle("\(path) is missing: copy the bundle again") }
        // The target of a symbolic link must not lie outside the bundle.
        guard let root = real(folder.path), let target = real(path), target.hasPrefix(root + "/") else {
            throw UserError.bundle("\(path) leads outside the bundle: replace the link by the file")
        }
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            let size = Int(try handle.seekToEnd())
            guard size == facts.size else {
                let kind = size < facts.size ? "truncated" : "changed"
                throw UserError.bundle(
                    "\(path) is \(kind): \(size) bytes instead of \(facts.size): copy the bundle again")
            }
            try handle.seek(toOffset: 0)
            var digest = Digest()
            while let data = try handle.read(upToCount: part), !data.isEmpty {
                try Task.checkCancellation()
                digest.update(data)
                progress(data.count)
            }
            guard digest.hex() == facts.sha256 else {
                throw UserError.bundle("\(path) is changed: its SHA-256 is not the manifest's: copy the bundle again")
            }
        } catch let error as UserError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw UserError.bundle("cannot read \(path): \(error.localizedDescription)")
        }
    }

    /// The path with every symbolic link followed; nil if there is no file.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
