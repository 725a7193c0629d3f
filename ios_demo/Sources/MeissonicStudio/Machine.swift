import Foundation

/// The device on which figures were measured.
public struct Machine: Codable, Sendable, Equatable {
    /// "iPhone17,1"; the processor's family on Linux and on a Mac.
    public let model: String
    public let memoryBytes: Int
    public let system: String

    public static func this() -> Machine {
        var name = utsname()
        uname(&name)
        let model = withUnsafeBytes(of: &name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let process = ProcessInfo.processInfo
        return Machine(
            model: model, memoryBytes: Int(process.physicalMemory), system: process.operatingSystemVersionString)
    }
}
