import Foundation

public enum Disk {
    /// Bytes that can still be written in a folder; nil if the system does not say.
    public static func free(_ folder: URL) -> Int? {
        let facts = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
        return (facts?[.systemFreeSize] as? NSNumber)?.intValue
    }

    /// Excludes a folder from backups, because models can be downloaded again. Throws `StoreError.disk`.
    public static func keepOutOfBackups(_ folder: URL) throws {
        #if canImport(Darwin)
        try onDisk(folder.path) {
            var values = URLResourceValues()
            values.isExcludedFromBackup = true
            var folder = folder
            try folder.setResourceValues(values)
        }
        #endif
    }

    static func isFull(_ error: any Error) -> Bool {
        let error = error as NSError
        if error.domain == NSCocoaErrorDomain, error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue { return true }
        if error.domain == NSPOSIXErrorDomain, error.code == Int(ENOSPC) { return true }
        return (error.userInfo[NSUnderlyingErrorKey] as? any Error).map(isFull) ?? false
    }
}

/// Turns errors of the file system into `StoreError.disk`, which names the file and the way out.
func onDisk<Value>(_ path: String, _ work: () throws -> Value) throws -> Value {
    do { return try work() } catch let error as CancellationError {
        throw error
    } catch {
        if Disk.isFull(error) {
            throw StoreError.disk("no room left to write \(path): free some space and try again; the part that arrived is kept")
        }
        throw StoreError.disk("cannot write \(path): \(error.localizedDescription)")
    }
}

func gigabytes(_ bytes: Int) -> String { String(format: "%.2f GB", Double(bytes) / 1e9) }
