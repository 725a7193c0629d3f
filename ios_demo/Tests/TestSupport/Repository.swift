import Foundation
import MeissonicKit

/// The files that tests read. `make test` makes those under build/; without them tests fail and say so.
public enum Repository {
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The Android bundle of the 64 px stickers.
    public static let android = root.appendingPathComponent("build/phones/android")
    /// A bundle of random weights in four bits.
    public static let int4 = root.appendingPathComponent("build/phones/int4")
    /// A tiny bundle of a one-step student.
    public static let student = root.appendingPathComponent("build/phones/student")
    /// A tiny bundle of several sizes.
    public static let sizes = root.appendingPathComponent("build/phones/sizes")
    /// The iPhone bundle of the 64 px stickers, and the evaluator's calls when it drew the golden trace.
    public static let iphone =
        ProcessInfo.processInfo.environment["MEISSONIC_IPHONE_BUNDLE"].map { URL(fileURLWithPath: $0) }
        ?? root.appendingPathComponent("build/phones/iphone")
    public static let iphoneCalls = root.appendingPathComponent("build/phones/iphone-vectors/calls.json")

    /// A Core AI bundle of a small random checkpoint, and the calls of Apple's runtime when it drew the golden trace. They are
    /// there only if that runtime could run when they were made.
    public static let coreAI = root.appendingPathComponent("build/phones/iphone27/bundle")
    public static let coreAICalls = root.appendingPathComponent("build/phones/iphone27/calls.json")
    public static let hasCoreAI = FileManager.default.fileExists(atPath: coreAICalls.path)

    /// A file of Python's, decoded.
    public static func json<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: root.appendingPathComponent(path)))
    }

    /// A new folder for one test.
    public static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("meissonic-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// The Android bundle with files cut to `most` bytes and a matching manifest: quick to send and hash, but it cannot draw.
    public static func shrunk(to most: Int) throws -> URL {
        let small = try temporaryFolder()
        let name = ModelBundle.manifestName
        let data = try Data(contentsOf: android.appendingPathComponent(name))
        var manifest = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        var files: [String: [String: Any]] = [:]
        for file in (manifest["files"] as? [String: Any] ?? [:]).keys {
            let cut = try Data(contentsOf: android.appendingPathComponent(file)).prefix(most)
            let place = small.appendingPathComponent(file)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try cut.write(to: place)
            files[file] = ["size": cut.count, "sha256": sha256(Array(cut))]
        }
        manifest["files"] = files
        try JSONSerialization.data(withJSONObject: manifest).write(to: small.appendingPathComponent(name))
        return small
    }

    /// A copy of the Android bundle, to damage.
    public static func damageable() throws -> URL {
        let copy = try temporaryFolder().appendingPathComponent("bundle")
        try FileManager.default.copyItem(at: android, to: copy)
        return copy
    }

    /// A copy of the Android bundle in which one byte of a file is another, and that file.
    public static func damaged() throws -> (bundle: URL, file: URL) {
        let copy = try damageable()
        let file = copy.appendingPathComponent("image_decoder.onnx.data")
        var data = try Data(contentsOf: file)
        data[100] ^= 1
        try data.write(to: file)
        return (copy, file)
    }
}
