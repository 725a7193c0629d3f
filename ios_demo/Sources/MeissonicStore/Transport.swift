import Foundation

/// What fetches the files of a bundle.
public protocol Transport: Sendable {
    /// Gets a file from byte `offset` on, and tells what comes in order: `began` with the byte that the answer begins at (0
    /// from a server that knows no ranges), then `received` with each part. Neither is called at the same time as the other.
    ///
    /// Throws `StoreError.network`, `.rangeRefused` from a server that has no such byte, what the two closures throw, and
    /// `CancellationError`.
    func get(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) async throws
}

/// An error of the store that a person can act on; damaged and foreign bundles are `UserError.bundle`.
public enum StoreError: Error, Sendable, Equatable {
    /// The server cannot be reached, refuses, or stopped. What came is kept.
    case network(String)
    /// There is no room, or the folder cannot be written. What came is kept.
    case disk(String)
    /// Another model is being installed.
    case busy(String)
    /// The server has no such range: what is here is not the beginning of what is there.
    case rangeRefused
}

extension StoreError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .network(let line), .disk(let line), .busy(let line): line
        case .rangeRefused: "the server refused to go on where the download stopped: download again"
        }
    }

    public var errorDescription: String? { description }
}
