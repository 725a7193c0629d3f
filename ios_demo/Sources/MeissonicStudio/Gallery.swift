import Foundation
import MeissonicKit
import Observation
import PictureFiles

/// A picture of the history: the settings that draw it again, and how long it took.
public struct Drawn: Codable, Sendable, Equatable, Identifiable {
    public let id: String
    public let settings: Settings
    public let seconds: Double
    /// The name of the model.
    public let model: String
}

extension Drawn: Hashable {
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// The pictures of the history, newest first. The folder holds ID.png and ID.json for each; the second is written last, so a
/// lone PNG is the rest of an interruption.
@MainActor @Observable public final class Gallery {
    public private(set) var entries: [Drawn]
    @ObservationIgnored private let folder: URL
    @ObservationIgnored private let now: () -> Date

    public init(folder: URL, now: @escaping () -> Date = { Date() }) {
        self.folder = folder
        self.now = now
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        entries = names.filter { $0.hasSuffix(".json") }.sorted(by: >).compactMap { name in
            Kept<Drawn>(folder.appendingPathComponent(name)).load().flatMap { drawn in
                FileManager.default.fileExists(atPath: folder.appendingPathComponent("\(drawn.id).png").path) ? drawn : nil
            }
        }
    }

    /// The picture's file: a PNG with its settings as text.
    public func file(_ drawn: Drawn) -> URL { folder.appendingPathComponent("\(drawn.id).png") }

    /// Adds a picture, whose file holds what made it. Throws `UserError.request` if it cannot be written, and leaves nothing of it.
    public func add(_ drawing: Drawing, model: String, made: PictureSettings? = nil) async throws -> Drawn {
        let drawn = Drawn(
            id: newID(), settings: drawing.settings, seconds: drawing.stages.reduce(0) { $0 + $1.seconds }, model: model)
        try await write(drawing.picture, made, drawn, to: file(drawn), facts: facts(drawn))
        entries.insert(drawn, at: 0)
        return drawn
    }

    public func remove(_ drawn: Drawn) {
        try? FileManager.default.removeItem(at: facts(drawn))
        try? FileManager.default.removeItem(at: file(drawn))
        entries.removeAll { $0.id == drawn.id }
    }

    private func facts(_ drawn: Drawn) -> URL { folder.appendingPathComponent("\(drawn.id).json") }

    /// Milliseconds as text whose order is the order in time.
    private func newID() -> String {
        var moment = Int(now().timeIntervalSince1970 * 1000)
        while true {
            let id = String(repeating: "0", count: max(0, 15 - String(moment).count)) + String(moment)
            if !entries.contains(where: { $0.id == id }) { return id }
            moment += 1
        }
    }
}

/// Off the main thread, because compressing a picture takes a while.
private func write(
    _ picture: Picture, _ made: PictureSettings?, _ drawn: Drawn, to file: URL, facts: URL
) async throws {
    do {
        try writing(file) { try picture.writePNG(to: file, settings: made) }
        try Kept<Drawn>(facts).save(drawn)
    } catch {
        try? FileManager.default.removeItem(at: file)
        throw error
    }
}
