import Foundation

/// Philox4x32-10: random numbers by counter, the same on every platform and in any order.
///
/// J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). A number depends on
/// (seed, index, step, stream) alone, so a step can be repeated by itself and four languages agree.

enum NoiseStream: UInt32 { case draw = 0, confidence = 1, masking = 2, randomStart = 3, embedding = 4 }

/// Ten rounds over a counter.
func philox4x32(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (x, k) = (counter, key)
    for _ in 0..<10 {
        // Multipliers and Weyl key increments of the paper.
        let first = (0xD251_1F53 as UInt32).multipliedFullWidth(by: x[0])
        let second = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: x[2])
        x = SIMD4(second.high ^ x[1] ^ k[0], second.low, first.high ^ x[3] ^ k[1], first.low)
        k &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return x
}

/// Words u32 [count, 4] of the counters (index, step, stream, 0). The low half of `seed` is the first word of the key.
func blocks(seed: UInt64, step: Int, stream: NoiseStream, count: Int) -> [UInt32] {
    let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    var words: [UInt32] = []
    words.reserveCapacity(4 * count)
    for index in 0..<count {
        let bits = philox4x32(SIMD4(UInt32(index), UInt32(step), stream.rawValue, 0), key: key)
        for word in 0..<4 { words.append(bits[word]) }
    }
    return words
}

/// Uniform numbers f32 [words, count] in (0, 1), row-major, one word of the `blocks` a row.
func uniforms(seed: UInt64, step: Int, stream: NoiseStream, count: Int, words: Int = 1) -> [Float] {
    let bits = blocks(seed: seed, step: step, stream: stream, count: count)
    return (0..<words).flatMap { word in (0..<count).map { uniform(bits[4 * $0 + word]) } }
}

/// In (0, 1): the largest of 24 bits leaves no room for the half, and would round to 1.
func uniform(_ word: UInt32) -> Float { min((Float(word >> 8) + 0.5) * 0x1p-24, 1 - 0x1p-24) }

/// The random numbers of one drawing (see `Noise`).
public struct PhiloxNoise: Noise {
    public let seed: UInt64

    public init(seed: UInt64) { self.seed = seed }

    /// Row 0 chooses the block of codes, row 1 the code in it.
    public func draw(step: Int, count: Int) -> [Float] {
        uniforms(seed: seed, step: step, stream: .draw, count: count, words: 2)
    }

    /// -log(-log(u)) in float64, rounded to float32.
    public func confidence(step: Int, count: Int) -> [Float] {
        uniforms(seed: seed, step: step, stream: .confidence, count: count).map { Float(-log(-log(Double($0)))) }
    }

    public func masking(count: Int) -> [Float] {
        uniforms(seed: seed, step: 0, stream: .masking, count: count)
    }

    /// Row 0 chooses the code, row 1 what stays masked.
    public func randomStart(count: Int) -> [Float] {
        uniforms(seed: seed, step: 0, stream: .randomStart, count: count, words: 2)
    }

    /// Four numbers of a counter.
    public func embedding(count: Int) -> [Float] {
        Array(normals(blocks(seed: seed, step: 0, stream: .embedding, count: (count + 3) / 4)).prefix(count))
    }
}
