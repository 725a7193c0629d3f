import Foundation

#if os(iOS)
import os
#endif

/// What a drawing needs at least, beside what there is: a phone kills an app that asks for more, without a word.
public enum Memory {
    /// Bytes that this process may still take; nil where the system does not say.
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
    /// Bytes that weights take at the drawing's worst moment: a lower bound, for intermediate results come on top.
    ///
    /// `keep`: all graphs stay loaded. `previews`: the decoder stands beside the step's graphs.
    public func leastMemory(keep: Bool = false, previews: Bool = false) -> Int {
        let graphs = manifest.graphs.keys
        if keep { return graphs.reduce(0) { $0 + size(of: $1) } }
        let step = Set(manifest.step).union(previews ? ["image_decoder"] : []).reduce(0) { $0 + size(of: $1) }
        return graphs.filter { !manifest.step.contains($0) }.map(size(of:)).reduce(step, max)
    }

    /// Throws `UserError.memory` if `available` bytes cannot hold what a drawing needs at least.
    public func checkMemory(available: Int, keep: Bool = false, previews: Bool = false) throws {
        let needed = leastMemory(keep: keep, previews: previews)
        guard needed > available else { return }
        let way = keep || previews ? "draw without previews" : "close other apps or take a smaller bundle"
        throw UserError.memory(
            "the weights alone take \(megabytes(needed)) of memory, and \(megabytes(available)) are free: \(way)")
    }
}

func megabytes(_ bytes: Int) -> String { String(format: "%.0f MB", (Double(bytes) / 1e6).rounded(.up)) }
