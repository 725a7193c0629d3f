import Foundation

/// How this processor computes 8-bit products.
enum Processor {
    private static let exact: Set<Substring> = ["avx512_vnni", "avx_vnni", "amx_int8"]  // flags as Linux names them

    /// Whether sums of u8 x s8 products may saturate: x86 without VNNI adds pairs of them in 16 bits.
    static let saturating: Bool = {
        #if arch(x86_64)
        let flags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return exact.isDisjoint(with: flags.split { " \t\n".contains($0) })
        #else
        return false
        #endif
    }()
}
