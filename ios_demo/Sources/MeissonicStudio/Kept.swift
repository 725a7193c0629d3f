import Foundation
import MeissonicKit

/// A value in a file, for the next launch.
public struct Kept<Value: Codable & Sendable>: Sendable {
    public let file: URL

    public init(_ file: URL) { self.file = file }

    /// nil if nothing was saved, or another version of the app saved it.
    public func load() -> Value? {
        guard let data = try? Data(contentsOf: file) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: data)
    }

    /// Saves whole or not at all. Throws `UserError.request` that names the file.
    public func save(_ value: Value) throws {
        try writing(file) { try JSONEncoder().encode(value).write(to: file, options: .atomic) }
    }
}

/// Makes the file's folder and runs `write`. Throws `UserError.request` that names the file.
func writing(_ file: URL, _ write: () throws -> Void) throws {
    do {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try write()
    } catch let error as UserError {
        throw error
    } catch {
        throw UserError.request("cannot write \(file.path): \(error.localizedDescription): free some storage")
    }
}
