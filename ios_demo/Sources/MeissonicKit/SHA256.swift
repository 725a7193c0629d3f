import Foundation

#if canImport(CryptoKit)
import CryptoKit

/// SHA-256 of bytes that arrive in parts.
package struct Digest {
    private var hash = CryptoKit.SHA256()

    package init() {}

    package mutating func update(_ data: Data) { hash.update(data: data) }

    /// 64 hexadecimal digits.
    package func hex() -> String { hash.finalize().map { hexadecimal($0) }.joined() }
}
#else
/// SHA-256 of bytes that arrive in parts.
package typealias Digest = PlainSHA256
#endif

/// 64 hexadecimal digits.
package func sha256(_ data: Data) -> String {
    var digest = Digest()
    digest.update(data)
    return digest.hex()
}

func hexadecimal(_ byte: UInt8) -> String { String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }

/// FIPS 180-4, section 6.2, for platforms without CryptoKit.
package struct PlainSHA256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var pending = Data()
    private var length: UInt64 = 0

    package init() {}

    package mutating func update(_ data: Data) {
        length += UInt64(data.count)
        pending.append(data)
        let whole = pending.count / 64 * 64
        pending.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: whole, by: 64) {
                compress(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 64]))
            }
        }
        pending = Data(pending.dropFirst(whole))
    }

    /// 64 hexadecimal digits.
    package func hex() -> String {
        var last = self
        let bits = length * 8
        var padding = Data([0x80])
        padding.append(Data(count: (119 - pending.count) % 64))
        withUnsafeBytes(of: bits.bigEndian) { padding.append(contentsOf: $0) }
        last.update(padding)
        return last.state.map { word in
            (0..<4).map { hexadecimal(UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0)))) }.joined()
        }.joined()
    }

    private mutating func compress(_ block: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
            for t in 0..<16 {
                schedule[t] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * t, as: UInt32.self))
            }
            for t in 16..<64 {
                let (early, late) = (schedule[t - 15], schedule[t - 2])
                let small0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >> 3)
                let small1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >> 10)
                schedule[t] = schedule[t - 16] &+ small0 &+ schedule[t - 7] &+ small1
            }
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            var (e, f, g, h) = (state[4], state[5], state[6], state[7])
            Self.constants.withUnsafeBufferPointer { constants in
                for t in 0..<64 {
                    let big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
                    let first = h &+ big1 &+ ((e & f) ^ (~e & g)) &+ constants[t] &+ schedule[t]
                    let big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
                    let second = big0 &+ ((a & b) ^ (a & c) ^ (b & c))
                    (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
                }
            }
            for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
        }
    }

    @inline(__always)
    private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
