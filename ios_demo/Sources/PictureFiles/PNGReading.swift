import CZlib
import Foundation

/// The chunks of a file: https://www.w3.org/TR/png-3, section 5.
struct PNGChunks {
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    private var chunks: [(name: String, content: [UInt8])] = []

    /// Throws `PNGProblem`.
    init(_ data: Data) throws {
        let bytes = [UInt8](data)
        guard bytes.starts(with: PNGChunks.signature) else {
            throw PNGProblem(line: "is not a PNG file: save it as PNG")
        }
        var at = PNGChunks.signature.count
        while chunks.last?.name != "IEND" {
            guard at + 12 <= bytes.count else { throw PNGProblem.broken }
            let length = Int(bigEndian(bytes[at..<at + 4]))
            let end = at + 8 + length
            guard end + 4 <= bytes.count else { throw PNGProblem.broken }
            guard bigEndian(bytes[end..<end + 4]) == PNGChunks.checksum(Data(bytes[at + 4..<end])) else {
                throw PNGProblem.broken
            }
            chunks.append((String(decoding: bytes[at + 4..<at + 8], as: UTF8.self), Array(bytes[at + 8..<end])))
            at = end + 4
        }
    }

    func first(_ name: String) -> [UInt8]? { chunks.first { $0.name == name }?.content }
    func every(_ name: String) -> [[UInt8]] { chunks.filter { $0.name == name }.map(\.content) }
    func all(_ name: String) -> [UInt8] { chunks.filter { $0.name == name }.flatMap(\.content) }

    static func checksum(_ data: Data) -> UInt32 {
        data.withUnsafeBytes { UInt32(crc32(0, $0.bindMemory(to: Bytef.self).baseAddress, uInt($0.count))) }
    }
}

private func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

struct PNGHeader {
    enum Colour: UInt8 {
        case grey = 0
        case rgb = 2
        case palette = 3
        case greyAlpha = 4
        case rgba = 6

        var channels: Int {
            switch self {
            case .grey, .palette: 1
            case .greyAlpha: 2
            case .rgb: 3
            case .rgba: 4
            }
        }
    }

    static let mostPixels = 4096 * 4096

    let width, height, depth: Int
    let colour: Colour

    /// Throws `PNGProblem`.
    init(_ content: [UInt8]?) throws {
        guard let content, content.count == 13, let colour = Colour(rawValue: content[9]) else {
            throw PNGProblem.broken
        }
        width = Int(bigEndian(content[0..<4]))
        height = Int(bigEndian(content[4..<8]))
        depth = Int(content[8])
        self.colour = colour
        guard width > 0, height > 0 else { throw PNGProblem.broken }
        guard width <= PNGHeader.mostPixels / height else {
            throw PNGProblem(line: "has \(width)x\(height) pixels, at most \(PNGHeader.mostPixels) are read: resize it")
        }
        guard depth <= 8 else { throw PNGProblem(line: "has \(depth) bits a channel: save it as 8-bit RGB") }
        let few = colour == .grey || colour == .palette
        guard depth == 8 || (few && [1, 2, 4].contains(depth)) else { throw PNGProblem.broken }
        guard content[12] == 0 else { throw PNGProblem(line: "is interlaced: save it without interlacing") }
    }

    var rowBytes: Int { (width * colour.channels * depth + 7) / 8 }
}

/// The samples of a picture, unpacked.
struct PNGRows {
    private let header: PNGHeader
    private let rows: [UInt8]

    /// Throws `PNGProblem`.
    init(_ header: PNGHeader, compressed: [UInt8]) throws {
        self.header = header
        var length = uLong((header.rowBytes + 1) * header.height)
        var bytes = [UInt8](repeating: 0, count: Int(length))
        guard uncompress(&bytes, &length, compressed, uLong(compressed.count)) == Z_OK, Int(length) == bytes.count
        else {
            throw PNGProblem.broken
        }
        rows = try PNGRows.unfiltered(bytes, header)
    }

    /// Undoes the filters (section 9): each byte is stored as a difference to its neighbours.
    private static func unfiltered(_ bytes: [UInt8], _ header: PNGHeader) throws -> [UInt8] {
        let width = header.rowBytes
        let pixel = max(header.colour.channels * header.depth / 8, 1)
        var rows = [UInt8](repeating: 0, count: width * header.height)
        for y in 0..<header.height {
            let filter = bytes[y * (width + 1)]
            for x in 0..<width {
                let at = y * width + x
                let left = x >= pixel ? rows[at - pixel] : 0
                let above = y > 0 ? rows[at - width] : 0
                let corner = x >= pixel && y > 0 ? rows[at - width - pixel] : 0
                let prediction: UInt8
                switch filter {
                case 0: prediction = 0
                case 1: prediction = left
                case 2: prediction = above
                case 3: prediction = UInt8((Int(left) + Int(above)) / 2)
                case 4: prediction = paeth(left, above, corner)
                default: throw PNGProblem.broken
                }
                rows[at] = bytes[y * (width + 1) + 1 + x] &+ prediction
            }
        }
        return rows
    }

    private static func paeth(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
        let estimate = Int(left) + Int(above) - Int(corner)
        let distances = [left, above, corner].map { abs(estimate - Int($0)) }
        if distances[0] <= distances[1], distances[0] <= distances[2] { return left }
        return distances[1] <= distances[2] ? above : corner
    }

    /// Red, green, blue and opacity of each pixel, and whether the file knows transparency. Throws `PNGProblem`.
    func rgba(palette: [UInt8]?, transparency: [UInt8]?) throws -> ([UInt8], Bool) {
        let colour = header.colour
        let transparent = transparency != nil || colour == .greyAlpha || colour == .rgba
        let full = (1 << header.depth) - 1
        var rgba: [UInt8] = []
        rgba.reserveCapacity(4 * header.width * header.height)
        // The level or colour that is transparent, with 16 bits a channel.
        let hidden =
            colour == .palette
            ? nil
            : transparency.map { bytes in
                stride(from: 0, to: bytes.count - 1, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
            }
        for y in 0..<header.height {
            for x in 0..<header.width {
                let samples = (0..<colour.channels).map { sample(y, x * colour.channels + $0) }
                let opacity: UInt8 = hidden == samples ? 0 : 255
                let levels = samples.map { UInt8($0 * 255 / full) }
                switch colour {
                case .grey: rgba += [levels[0], levels[0], levels[0], opacity]
                case .greyAlpha: rgba += [levels[0], levels[0], levels[0], levels[1]]
                case .rgb: rgba += levels + [opacity]
                case .rgba: rgba += levels
                case .palette:
                    let index = samples[0]
                    guard let palette, 3 * index + 3 <= palette.count else { throw PNGProblem.broken }
                    rgba += palette[3 * index..<3 * index + 3]
                    rgba.append(transparency.flatMap { index < $0.count ? $0[index] : nil } ?? 255)
                }
            }
        }
        return (rgba, transparent)
    }

    private func sample(_ y: Int, _ index: Int) -> Int {
        let bit = index * header.depth
        let byte = rows[y * header.rowBytes + bit / 8]
        return Int(byte) >> (8 - header.depth - bit % 8) & ((1 << header.depth) - 1)
    }
}
