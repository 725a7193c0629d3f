import Foundation

/// Resizes 8-bit grey pictures as Pillow does (`Image.resize(..., LANCZOS)`, mode "L", first across, then down), bit for bit: float64 weights rounded
/// to 22 fractional bits, rows first, each pass rounded to 8 bits. Pictures and masks are equal in four languages because of it.
extension GrayPicture {
    public func resized(to wanted: Size) -> GrayPicture {
        let narrow = wanted.width == size.width ? levels : resampleRows(levels, length: size.width, to: wanted.width)
        let turned = transposed(narrow, width: wanted.width)
        let short = wanted.height == size.height ? turned : resampleRows(turned, length: size.height, to: wanted.height)
        return GrayPicture(size: wanted, levels: transposed(short, width: wanted.height))
    }
}

private let fractionBits = 22
private let lobes = 3.0

/// The inputs of one pixel of the result: `weights` of the pixels from `first` on.
private struct Window {
    let first: Int
    let weights: [Int]
}

private func windows(from length: Int, to wanted: Int) -> [Window] {
    let scale = Double(length) / Double(wanted)
    let stretch = max(scale, 1)
    let support = lobes * stretch
    return (0..<wanted).map { index in
        let center = (Double(index) + 0.5) * scale
        let first = max(Int(center - support + 0.5), 0)
        let end = min(Int(center + support + 0.5), length)
        let raw = (first..<end).map { lanczos((Double($0) - center + 0.5) * (1 / stretch)) }
        let total = raw.reduce(0, +)
        let weights = raw.map { weight in
            let scaled = (total != 0 ? weight / total : weight) * Double(1 << fractionBits)
            return Int(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
        }
        return Window(first: first, weights: weights)
    }
}

private func lanczos(_ x: Double) -> Double {
    func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
    return -lobes <= x && x < lobes ? sinc(x) * sinc(x / lobes) : 0
}

private func resampleRows(_ levels: [UInt8], length: Int, to wanted: Int) -> [UInt8] {
    let windows = windows(from: length, to: wanted)
    return stride(from: 0, to: levels.count, by: length).flatMap { row in
        windows.map { window in
            var sum = 1 << (fractionBits - 1)
            for (offset, weight) in window.weights.enumerated() {
                sum += Int(levels[row + window.first + offset]) * weight
            }
            return UInt8(min(max(sum >> fractionBits, 0), 255))
        }
    }
}

private func transposed(_ levels: [UInt8], width: Int) -> [UInt8] {
    let height = levels.count / width
    return (0..<width).flatMap { x in (0..<height).map { y in levels[y * width + x] } }
}
