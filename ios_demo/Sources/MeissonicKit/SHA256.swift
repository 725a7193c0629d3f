import Foundation

#if canImport(CryptoKit)
import CryptoKit

/// SHA-256 of bytes that come in parts.
struct Digest {
    private var hash = CryptoKit.SHA256()

    mutating func update(_ data: Data) { hash.update(data: data) }

    /// 64 hexadecimal digits.
    func hex() -> String { hash.finalize().map { hexadecimal($0) }.joined() }
}
#else
/// SHA-256 of bytes that come in parts.
typealias Digest = PlainSHA256
#endif

/// 64 hexadecimal digits.
package func sha256(_ data: Data) -> String {
    var digest = Digest()
    digest.update(data)
    return digest.hex()
}

func hexadecimal(_ byte: UInt8) -> String { String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }

/// FIPS 180-4, section 6.2, for platforms without CryptoKit.
struct PlainSHA256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var pending = Data()
    private var length: UInt64 = 0

    mutating func update(_ data: Data) {
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
    func hex() -> String {
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
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ]
}
