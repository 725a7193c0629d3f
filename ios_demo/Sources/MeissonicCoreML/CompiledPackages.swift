#if canImport(CoreML)
import CoreML
import Foundation
import MeissonicKit

/// The compiled packages. Each stays at one path, because the system keeps its Neural Engine version by that path.
public struct CompiledPackages: Sendable {
    public let folder: URL

    /// `folder` belongs to the app, outlives launches and stays out of backups.
    public init(folder: URL) { self.folder = folder }

    /// The compiled package of a graph, or nil if it is not compiled yet.
    public func existing(_ graph: String, of bundle: ModelBundle) throws -> URL? {
        let place = try place(graph, of: bundle)
        return FileManager.default.fileExists(atPath: place.path) ? place : nil
    }

    /// The compiled package of a graph; compiling takes seconds to minutes. Throws `UserError.engine`, `.bundle`.
    public func url(_ graph: String, of bundle: ModelBundle) async throws -> URL {
        let place = try place(graph, of: bundle)
        if FileManager.default.fileExists(atPath: place.path) { return place }
        let package = try CompiledPackages.package(graph, of: bundle)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let temporary = try await MLModel.compileModel(at: package)
            // Renamed when complete, so that an interrupted compilation does not look finished.
            try FileManager.default.moveItem(at: temporary, to: place)
        } catch {
            throw UserError.engine("Core ML cannot compile \(package.path): \(error.localizedDescription)")
        }
        return place
    }

    /// Removes the compiled packages of other bundles.
    public func prune(keeping bundles: [ModelBundle]) throws {
        guard FileManager.default.fileExists(atPath: folder.path) else { return }
        let kept = Set(
            try bundles.flatMap { bundle in
                try bundle.manifest.graphs.keys.map { try place($0, of: bundle).lastPathComponent }
            })
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where !kept.contains(name) {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    /// The .mlpackage of a graph. Throws `UserError.bundle` if it is something else.
    private static func package(_ name: String, of bundle: ModelBundle) throws -> URL {
        let first = try bundle.graph(name).files[0]
        let folder = String(first.prefix { $0 != "/" })
        guard folder.hasSuffix(".mlpackage") else {
            throw UserError.bundle(
                "\(bundle.path(first).path) is not a Core ML package: name the folder of an iPhone bundle")
        }
        return bundle.path(folder)
    }

    /// Named by content, so that a changed package is compiled again. A graph's name may hold slashes.
    private func place(_ graph: String, of bundle: ModelBundle) throws -> URL {
        let name = String(graph.prefix(64).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return folder.appendingPathComponent("\(name)-\(try bundle.fingerprint(of: graph)).mlmodelc")
    }
}
#endif
