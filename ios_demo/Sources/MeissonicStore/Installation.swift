import MeissonicKit

/// A complete model.
public struct StoredModel: Sendable, Identifiable {
    public let id: String
    public let bundle: ModelBundle

    /// Bytes on disk.
    public var size: Int { bundle.manifest.size }
}

/// The progress of an installation.
public struct Installation: Sendable, Equatable {
    public enum Stage: Sendable, Equatable { case downloading, copying, checking }

    public private(set) var stage = Stage.downloading
    public private(set) var file = ""
    /// Bytes that have arrived, of all files, with those of an earlier attempt.
    public private(set) var done = 0
    public let total: Int

    init(total: Int) { self.total = total }

    public var share: Double { total > 0 ? Double(done) / Double(total) : 0 }

    mutating func add(_ bytes: Int, of file: String, at stage: Stage) {
        self.stage = stage
        self.file = file
        done += bytes
    }
}
