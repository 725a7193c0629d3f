import Foundation

/// Bounds of a bundle as in runtime/manifest.py, far above every real one: a hostile one costs no memory and
/// no time, and sums of its numbers cannot overflow.
public enum Limits {
    /// Bytes of a manifest.
    public static let manifest = 4_000_000
    /// Bytes of a vocabulary, merges, golden trace or preview.
    static let textFile = 64_000_000
    /// Bytes.
    static let file = 1 << 40
    static let files = 10_000
    /// Bytes in UTF-8.
    static let path = 1000
    static let pathPart = 255
    /// Pixels.
    package static let side = 4096
    static let sizes = 64
    static let textLength = 4096
    static let stepGraphs = 64
    static let dimensions = 8
    /// Pixels along one side of a token in a preview.
    static let patch = 16
    /// Characters of a message.
    static let message = 1000
}

/// Whether a file, or a link's target, is a regular one. Opening a pipe would wait for its other end, and a device has no end.
package func isFile(_ file: URL) -> Bool {
    let facts = try? FileManager.default.attributesOfItem(atPath: file.resolvingSymlinksInPath().path)
    return facts?[.type] as? FileAttributeType == .typeRegular
}

/// The bytes of a file of the bundle. Throws `UserError.bundle` for one that is missing, no file, or longer than `limit`.
func content(of file: URL, limit: Int) throws -> Data {
    guard FileManager.default.fileExists(atPath: file.path) else {
        throw UserError.bundle("\(file.path) is missing: copy the bundle again")
    }
    guard isFile(file) else { throw UserError.bundle("\(file.path) is not a file: copy the bundle again") }
    let data: Data
    do {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        data = try handle.read(upToCount: limit + 1) ?? Data()
    } catch {
        throw UserError.bundle("cannot read \(file.path): \(error.localizedDescription)")
    }
    guard data.count <= limit else {
        throw UserError.bundle("\(file.path) is larger than \(limit / 1_000_000) MB: export the bundle again")
    }
    return data
}

/// One line without characters that steer a terminal, because a bundle may hold any.
public func printable(_ message: String) -> String {
    var shown = ""
    for scalar in message.unicodeScalars.prefix(Limits.message) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return shown
}
