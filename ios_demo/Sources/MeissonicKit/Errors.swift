import Foundation

/// An error a person can act on. Its description is one line that names the file or value and the way out.
///
/// A drawing that the caller stopped ends with Swift's own `CancellationError`.
public enum UserError: Error, Sendable, Equatable {
    /// The bundle is missing, damaged, newer than this runtime, or contradicts itself.
    case bundle(String)
    /// The request cannot be drawn: a value out of range, an image of the wrong size.
    case request(String)
    /// The engine cannot open or run a graph.
    case engine(String)
    /// There is less memory than the drawing needs.
    case memory(String)
}

extension UserError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .bundle(let line), .request(let line), .engine(let line), .memory(let line): printable(line)
        }
    }

    public var errorDescription: String? { description }
}
