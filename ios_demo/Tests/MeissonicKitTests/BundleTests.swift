import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

/// The errors for damaged bundles. Each test damages a copy of the bundle of the 64 px stickers.
@Suite struct BundleTests {
    private func problem(_ damage: (URL) throws -> Void) throws -> String {
        let folder = try Repository.damageable()
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        try damage(folder)
        var line = "nothing was thrown"
        do { _ = try ModelBundle.open(folder) } catch let error as UserError { line = error.description }
        #expect(!line.contains("\n"))
        return line
    }

    /// Changes the manifest as JSON.
    private func edit(_ folder: URL, _ change: (inout [String: Any]) throws -> Void) throws {
        let file = folder.appendingPathComponent("manifest.json")
        var manifest = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        try change(&manifest)
        try JSONSerialization.data(withJSONObject: manifest).write(to: file)
    }

    private func problemOfManifest(_ change: (inout [String: Any]) throws -> Void) throws -> String {
        try problem { try edit($0, change) }
    }

    @Test func aWholeBundleOpensAndReportsItsProgress() throws {
        var told: [Int] = []
        var wanted = 0
        let bundle = try ModelBundle.open(Repository.android) { done, total in
            told.append(done)
            wanted = total
        }
        #expect(told.last == wanted && told == told.sorted() && told.count > 5)
        #expect(
            bundle.manifest.step == ["transformer"] && bundle.manifest.engine == .onnxRuntime
                && !bundle.manifest.twoRows)
        let trace = try #require(try bundle.golden())
        #expect(trace.tokens.last == trace.finalTokens)
    }

    @Test func aChangedByteIsFoundByItsHash() throws {
        let line = try problem { folder in
            let file = folder.appendingPathComponent("transformer.onnx.data")
            var data = try Data(contentsOf: file)
            data[data.count / 2] ^= 1
            try data.write(to: file)
        }
        #expect(
            line.hasSuffix("transformer.onnx.data is changed: its SHA-256 is not the manifest's: copy the bundle again")
        )
    }

    @Test func aTruncatedFileIsFoundByItsSize() throws {
        let line = try problem { folder in
            let file = folder.appendingPathComponent("transformer.onnx.data")
            try Data(contentsOf: file).dropLast().write(to: file)
        }
        #expect(line.contains("transformer.onnx.data is truncated: ") && line.hasSuffix("copy the bundle again"))
    }

    @Test func aMissingFileIsNamed() throws {
        let line = try problem {
            try FileManager.default.removeItem(at: $0.appendingPathComponent("tokenizer/merges.txt"))
        }
        #expect(line.hasSuffix("tokenizer/merges.txt is missing: copy the bundle again"))
    }

    @Test func aLinkThatLeadsOutIsRefused() throws {
        let line = try problem { folder in
            let file = folder.appendingPathComponent("transformer.onnx")
            let outside = folder.deletingLastPathComponent().appendingPathComponent("outside.onnx")
            try FileManager.default.moveItem(at: file, to: outside)
            try FileManager.default.createSymbolicLink(at: file, withDestinationURL: outside)
        }
        #expect(line.hasSuffix("transformer.onnx leads outside the bundle: replace the link by the file"))
    }

    /// A field of a protobuf message: a string or a message of less than 128 bytes.
    private func field(_ number: UInt8, _ content: Data) -> Data { Data([number << 3 | 2, UInt8(content.count)]) + content }

    /// ModelProto.graph.initializer.external_data: a weight whose bytes are elsewhere.
    private func weight(_ location: String) -> Data {
        field(7, field(5, field(13, field(1, Data("location".utf8)) + field(2, Data(location.utf8)))))
    }

    /// ModelProto.graph.node.attribute: a compiled context.
    private func context(_ location: String) -> Data {
        field(7, field(1, field(5, field(1, Data("ep_cache_context".utf8)) + field(4, Data(location.utf8)))))
    }

    @Test(
        arguments: ["evil.data", "./evil.data", "tokenizer/../evil.data", "/etc/passwd", "../evil.data"], [false, true])
    func weightsAndContextsInAFileWithoutAHashAreRefused(location: String, compiled: Bool) throws {
        let line = try problem { folder in
            let file = folder.appendingPathComponent("transformer.onnx")
            let model = try Data(contentsOf: file) + (compiled ? context(location) : weight(location))
            try model.write(to: file)
            try Data("weights without a hash".utf8).write(to: folder.appendingPathComponent("evil.data"))
            try edit(folder) { manifest in
                var files = try #require(manifest["files"] as? [String: Any])
                files["transformer.onnx"] = ["size": model.count, "sha256": sha256(Array(model))]
                manifest["files"] = files
            }
        }
        #expect(line.contains("transformer.onnx reads '\(location)', which the manifest does not list"))
    }

    @Test func weightsFromFilesOfTheManifestAreFound() throws {
        let file = Repository.android.appendingPathComponent("transformer.onnx")
        #expect(try OnnxFiles.locations(in: file) == ["transformer.onnx.data"])
    }

    @Test func aNameInAnotherFormOfUnicodeIsAnotherFile() throws {
        let line = try problem { folder in
            try edit(folder) { manifest in
                var files = try #require(manifest["files"] as? [String: Any])
                files["e\u{301}.onnx"] = files["transformer.onnx"]
                manifest["files"] = files
                var graphs = try #require(manifest["graphs"] as? [String: [String: Any]])
                graphs["transformer"]?["files"] = ["\u{e9}.onnx"]
                manifest["graphs"] = graphs
            }
        }
        #expect(line.contains("has no size and hash in files"))
    }

    @Test func aPipeInPlaceOfAFileIsRefused() throws {
        let line = try problem { folder in
            let file = folder.appendingPathComponent("transformer.onnx.data")
            try FileManager.default.removeItem(at: file)
            #expect(mkfifo(file.path, 0o600) == 0)
        }
        #expect(line.hasSuffix("transformer.onnx.data is missing: copy the bundle again"))
    }

    @Test(arguments: ["prompt_ids", "negative_ids", "final_tokens"])
    func aGoldenTraceOfAnotherModelIsRefused(key: String) throws {
        let folder = try Repository.damageable()
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let bundle = try ModelBundle.open(folder)
        _ = try Golden(bundle)
        let file = bundle.path(try #require(bundle.manifest.golden))
        var trace = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        trace[key] = [1, 2, 3]
        if key == "final_tokens" { trace["tokens"] = (trace["tokens"] as? [Any])?.map { _ in [1, 2, 3] } }
        try JSONSerialization.data(withJSONObject: trace).write(to: file)
        #expect {
            try Golden(bundle)
        } throws: {
            "\($0)".contains("golden trace of another model")
        }
    }

    @Test func aDamagedVocabularyIsRefused() throws {
        for text in ["[]", "{\"a\": \"1\"}", "{\"a\": 1.0}", "{\"a\": -1}", "{\"a\": 2147483648}", "{"] {
            let folder = try Repository.damageable()
            defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
            let bundle = try ModelBundle.open(folder)
            try Data(text.utf8).write(to: bundle.path(bundle.manifest.tokenizer.vocab))
            #expect(throws: UserError.self, "\(text)") { try ClipTokenizer(bundle: bundle) }
        }
    }

    /// The last ones have an accent after the slash, point or colon, which Swift's characters include.
    @Test(arguments: [
        "../transformer.onnx", "/etc/passwd", "a/../../b", "a\\b", "c:d", "./a", "a//b", "", "../\u{301}x", "c:\u{301}d",
        "/\u{301}x", "a\\\u{301}b",
    ])
    func aPathThatLeavesTheFolderIsRefused(path: String) throws {
        let line = try problemOfManifest { manifest in
            var files = try #require(manifest["files"] as? [String: Any])
            files[path] = files["transformer.onnx"]
            manifest["files"] = files
        }
        #expect(line.contains("path '\(path)' is outside the bundle or not in plain form"))
    }

    @Test func aNewerSchemaAsksForANewerRuntime() throws {
        let line = try problemOfManifest {
            $0["version"] = 2
            $0["novelty"] = true
        }
        #expect(line.hasSuffix("manifest.json has version 2, newer than 1: update the runtime"))
    }

    @Test func unknownKeysAreNamedAnywhere() throws {
        #expect(try problemOfManifest { $0["novelty"] = true }.contains("manifest.json: novelty: unknown key"))
        let inside = try problemOfManifest { manifest in
            var graphs = try #require(manifest["graphs"] as? [String: [String: Any]])
            graphs["transformer"]?["novelty"] = 1
            manifest["graphs"] = graphs
        }
        #expect(inside.contains("manifest.json: graphs: transformer: novelty: unknown key"))
    }

    @Test func whatIsNotAManifestIsRefused() throws {
        #expect(
            try problem { try Data("{".utf8).write(to: $0.appendingPathComponent("manifest.json")) }.contains(
                "is not valid JSON"))
        #expect(try problemOfManifest { $0["format"] = "other" }.contains("is not a meissonic-mobile manifest"))
        #expect(
            try problem { try FileManager.default.removeItem(at: $0.appendingPathComponent("manifest.json")) }
                .contains("is not a bundle: it has no manifest.json"))
    }

    @Test func contradictionsAreNamed() throws {
        #expect(try problemOfManifest { $0["step"] = ["painter"] }.contains("graph 'painter' is missing from graphs"))
        #expect(try problemOfManifest { $0["sizes"] = [[32, 32]] }.contains("default size 64x64 is not among sizes"))
        #expect(
            try problemOfManifest { manifest in
                var files = try #require(manifest["files"] as? [String: Any])
                files["transformer.onnx"] = nil
                manifest["files"] = files
            }.contains("file 'transformer.onnx' has no size and hash in files"))
        #expect(
            try problemOfManifest { $0["step"] = ["transformer", "image_decoder", "text_encoder"] }
                .contains("graph 'text_encoder' wants 'input_ids', which nothing before it gives"))
        #expect(
            try problemOfManifest { manifest in
                var model = try #require(manifest["model"] as? [String: Any])
                model["token_size"] = 0
                manifest["model"] = model
            }.contains("model: token_size: 0 is not above 0"))
    }

    @Test func verificationStopsWhenItsTaskIsCancelled() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try ModelBundle.open(Repository.android)
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}
