import Foundation

/// Standard normal numbers by Box and Muller, bit by bit the same on every platform.
///
/// The logarithms and sines of mathematical libraries differ in the last bit. So they are series here, summed with the four
/// operations and the square root of float64, which IEEE 754 rounds in one way (`runtime/normals.py` explains them).

private let log2 = 0.6931471805599453
private let halfPi = 1.5707963267948966
private let root2 = 1.4142135623730951
private let terms = 11  // of each series

/// log((w + 1/2) / 2^32) of a word w.
func logUniform(_ word: UInt32) -> Double {
    let bits = 32 - word.leadingZeroBitCount
    var m = scalbn(Double(word) + 0.5, -bits)  // in [1/2, 1); exact
    var e = bits - 32
    if m * 2 <= root2 {
        m *= 2
        e -= 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    var total = 1 / Double(2 * terms - 1)
    for k in stride(from: terms - 2, through: 0, by: -1) { total = 1 / Double(2 * k + 1) + square * total }
    return Double(e) * log2 + 2 * s * total
}

/// cos and sin of 2 pi (w + 1/2) / 2^32 of a word w: its two upper bits are the quadrant.
func cosineSine(_ word: UInt32) -> (cosine: Double, sine: Double) {
    let x = (Double(word & 0x3fff_ffff) + 0.5) * 0x1p-30 * halfPi
    let square = x * x
    var (cosine, sine) = (1.0, 1.0)
    for k in stride(from: terms, through: 1, by: -1) {
        cosine = 1 - square / Double((2 * k - 1) * (2 * k)) * cosine
        sine = 1 - square / Double((2 * k) * (2 * k + 1)) * sine
    }
    sine *= x
    switch word >> 30 {
    case 0: return (cosine, sine)
    case 1: return (-sine, cosine)
    case 2: return (-cosine, -sine)
    default: return (sine, -cosine)
    }
}

/// Blocks of four words, [4 K] -> f32 [4 K]: from words 0 and 1 a cosine and a sine, then from words 2 and 3.
func normals(_ words: [UInt32]) -> [Float] {
    var made: [Float] = []
    made.reserveCapacity(words.count)
    for at in stride(from: 0, to: words.count, by: 2) {
        let radius = (-2 * logUniform(words[at])).squareRoot()
        let (cosine, sine) = cosineSine(words[at + 1])
        made.append(Float(radius * cosine))
        made.append(Float(radius * sine))
    }
    return made
}
