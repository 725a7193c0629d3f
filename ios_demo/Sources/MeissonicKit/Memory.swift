import Foundation

#if os(iOS)
import os
#endif

/// The memory a drawing needs and the memory there is. A phone ends an app that takes more, without a message.
public enum Memory {
    /// Bytes that this process can still use; nil if the system does not say.
    public static func available() -> Int? {
        #if os(iOS)
        let bytes = Int(os_proc_available_memory())
        return bytes > 0 ? bytes : nil  // the simulator says 0
        #elseif os(Linux)
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return kilobytes * 1024
        #else
        return Int(ProcessInfo.processInfo.physicalMemory)
        #endif
    }
}

extension ModelBundle {
    /// Bytes that weights take when a drawing needs most: a lower bound, because intermediate results come on top.
    ///
    /// With `keep` all graphs stay loaded; else one stage's graphs are in memory at a time, also for a preview.
    public func leastMemory(keep: Bool = false) -> Int {
        let graphs = manifest.graphs.keys
        if keep { return graphs.filter { $0 != "tiny_decoder" }.reduce(0) { $0 + size(of: $1) } }  // one of two decoders
        let step = Set(manifest.step).reduce(0) { $0 + size(of: $1) }
        return graphs.filter { !manifest.step.contains($0) }.map(size(of:)).reduce(step, max)
    }

    /// Throws `UserError.memory` if `available` bytes are fewer than `leastMemory`.
    public func checkMemory(available: Int, keep: Bool = false) throws {
        let needed = leastMemory(keep: keep)
        guard needed > available else { return }
        throw UserError.memory(
            "the weights alone take \(megabytes(needed)) of memory, and \(megabytes(available)) are free: "
                + "close other apps or take a smaller bundle")
    }
}

func megabytes(_ bytes: Int) -> String { String(format: "%.0f MB", (Double(bytes) / 1e6).rounded(.up)) }
