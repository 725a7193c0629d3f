import COnnxRuntime
import Foundation
import MeissonicKit

/// onnxruntime's shared library, of a wheel or a distribution, in the header's version or newer.
public final class OrtLibrary: @unchecked Sendable {  // the library may be called from any thread
    let api: UnsafePointer<OrtApi>
    let environment: OpaquePointer
    /// The library's own version text.
    public let version: String

    /// The library's name, found where the system has its libraries; used if the variable is not set.
    public static let variable = "MEISSONIC_ONNXRUNTIME"

    /// The library that `MEISSONIC_ONNXRUNTIME` names, else the system's. Throws `UserError.engine`.
    public convenience init() throws {
        try self.init(path: ProcessInfo.processInfo.environment[OrtLibrary.variable] ?? "libonnxruntime.so")
    }

    /// Throws `UserError.engine` for a library that cannot be opened or is older than the header.
    public init(path: String) throws {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(handle, "OrtGetApiBase") else {
            throw UserError.engine(
                "cannot open onnxruntime's library \(path): set \(OrtLibrary.variable) to the libonnxruntime.so of a wheel"
            )
        }
        typealias GetBase = @convention(c) () -> UnsafePointer<OrtApiBase>?
        guard let base = unsafeBitCast(symbol, to: GetBase.self)() else {
            throw UserError.engine("\(path) gives no interface: take another onnxruntime")
        }
        version = base.pointee.GetVersionString().map { String(cString: $0) } ?? "of unknown version"
        guard let api = base.pointee.GetApi(UInt32(ORT_API_VERSION)) else {
            throw UserError.engine(
                "onnxruntime \(version) in \(path) is older than 1.\(ORT_API_VERSION): install a newer one")
        }
        self.api = api
        environment = try OrtLibrary.make(api) { api.pointee.CreateEnv(ORT_LOGGING_LEVEL_FATAL, "meissonic", $0) }
    }

    /// The result of a call with an out parameter. Throws `OrtFailure`.
    static func make(
        _ api: UnsafePointer<OrtApi>, _ call: (UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws -> OpaquePointer {
        var made: OpaquePointer?
        try check(api, call(&made))
        guard let made else { throw OrtFailure(line: "onnxruntime returned nothing") }
        return made
    }

    /// Throws `OrtFailure` if a call returned an error.
    static func check(_ api: UnsafePointer<OrtApi>, _ status: OpaquePointer?) throws {
        guard let status else { return }
        defer { api.pointee.ReleaseStatus(status) }
        let message = api.pointee.GetErrorMessage(status).map { String(cString: $0) } ?? ""
        throw OrtFailure(line: message.split(separator: "\n").first.map(String.init) ?? "no reason given")
    }

    func make(_ call: (UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?) throws -> OpaquePointer {
        try OrtLibrary.make(api, call)
    }

    func check(_ status: OpaquePointer?) throws { try OrtLibrary.check(api, status) }
}

/// The first line of onnxruntime's message.
struct OrtFailure: Error {
    let line: String
}
