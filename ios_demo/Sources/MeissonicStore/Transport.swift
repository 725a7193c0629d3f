import Foundation
import MeissonicKit

/// Fetches the files of a bundle.
public protocol Transport: Sendable {
    /// Gets a file from byte `offset` on. Calls `began` with the first byte of the response (0 from a server without ranges),
    /// then `received` with each part, one call at a time.
    ///
    /// Throws `StoreError.network`, `.rangeRefused` if the server has no such byte, what the two closures throw, and
    /// `CancellationError`.
    func get(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) async throws
}

/// An error of the store that a person can act on. Damaged bundles and other engines' bundles are `UserError.bundle`.
public enum StoreError: Error, Sendable, Equatable {
    /// The server cannot be reached, refuses, or stopped sending. The part that arrived is kept.
    case network(String)
    /// The disk is full, or the folder cannot be written. The part that arrived is kept.
    case disk(String)
    /// Another model is being installed.
    case busy(String)
    /// The server has no such range, so the part that arrived is not the start of its file.
    case rangeRefused
}

extension StoreError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .network(let line), .disk(let line), .busy(let line): printable(line)
        case .rangeRefused: "the server refused to resume the download: download again"
        }
    }

    public var errorDescription: String? { description }
}
