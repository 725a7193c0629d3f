import Foundation
import MeissonicKit

/// An incomplete file. It grows under another name and gets its own once its hash is right.
final class PartFile: @unchecked Sendable {  // a transport calls one closure at a time
    static let suffix = ".part"

    let file: URL
    let part: URL
    private var handle: FileHandle?
    private(set) var length = 0

    /// Throws `StoreError.disk`.
    init(for file: URL) throws {
        self.file = file
        part = URL(fileURLWithPath: file.path + PartFile.suffix)
        try onDisk(part.path) {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            if !FileManager.default.fileExists(atPath: part.path) { try Data().write(to: part) }
            let handle = try FileHandle(forWritingTo: part)
            length = Int(try handle.seekToEnd())
            self.handle = handle
        }
    }

    /// Truncates the file to `length`.
    func cut(to length: Int) throws {
        guard length < self.length else { return }
        try onDisk(part.path) {
            try handle?.truncate(atOffset: UInt64(length))
            try handle?.seek(toOffset: UInt64(length))
        }
        self.length = length
    }

    func append(_ data: Data) throws {
        try onDisk(part.path) { try handle?.write(contentsOf: data) }
        length += data.count
    }

    func close() throws {
        try onDisk(part.path) {
            try handle?.synchronize()
            try handle?.close()
        }
        handle = nil
    }

    /// Renames the file if its bytes are those of the manifest; else removes it, because more bytes would not help.
    /// Throws `UserError.bundle`, `StoreError.disk`, `CancellationError`.
    func finish(_ facts: FileFacts, told: (Int) -> Void) throws {
        try close()
        let found = try hash(told: told)
        guard length == facts.size, found == facts.sha256 else { throw try refused(facts, length: length) }
        try onDisk(file.path) { try FileManager.default.moveItem(at: part, to: file) }
    }

    /// Removes the file of `length` bytes and returns the error that says why.
    func refused(_ facts: FileFacts, length: Int) throws -> UserError {
        try close()
        try? FileManager.default.removeItem(at: part)
        return .bundle(
            "\(file.lastPathComponent) came damaged: \(length) bytes of \(facts.size), or another SHA-256 than the manifest's: "
                + "download again")
    }

    private func hash(told: (Int) -> Void) throws -> String {
        try onDisk(part.path) {
            let reader = try FileHandle(forReadingFrom: part)
            defer { try? reader.close() }
            var digest = Digest()
            while let data = try reader.read(upToCount: 1 << 20), !data.isEmpty {
                try Task.checkCancellation()
                digest.update(data)
                told(data.count)
            }
            return digest.hex()
        }
    }
}
