import MeissonicKit

/// How EXIF says to turn a picture upright (CIPA DC-008, 4.6.5.1): 1 to 8, 1 is upright.
struct Orientation {
    private let value: Int

    /// `exif` is a small TIFF file; without one, or with a damaged one, the picture is upright.
    init(exif: [UInt8]?) { value = exif.flatMap(Orientation.read) ?? 1 }

    /// Pixels of four bytes [h, w, 4], turned upright.
    func upright(_ rgba: [UInt8], _ size: Size) -> (rgba: [UInt8], size: Size) {
        guard 2...8 ~= value else { return (rgba, size) }
        let turned = value < 5 ? size : Size(width: size.height, height: size.width)
        var made: [UInt8] = []
        made.reserveCapacity(rgba.count)
        for y in 0..<turned.height {
            for x in 0..<turned.width {
                let from = source(x, y, right: size.width - 1, bottom: size.height - 1)
                let at = 4 * (from.y * size.width + from.x)
                made += rgba[at..<at + 4]
            }
        }
        return (made, turned)
    }

    /// The pixel of the file that comes to (x, y).
    private func source(_ x: Int, _ y: Int, right: Int, bottom: Int) -> (x: Int, y: Int) {
        switch value {
        case 2: (right - x, y)
        case 3: (right - x, bottom - y)
        case 4: (x, bottom - y)
        case 5: (y, x)
        case 6: (y, bottom - x)
        case 7: (right - y, bottom - x)
        default: (right - y, x)
        }
    }

    private static func read(_ tiff: [UInt8]) -> Int? {
        let long = 4  // the type of 32 bits; others have 16
        let little = tiff.first == UInt8(ascii: "I")
        func number(_ at: Int, _ count: Int) -> Int? {
            guard at >= 0, at + count <= tiff.count else { return nil }
            let bytes = tiff[at..<at + count]
            return (little ? bytes.reversed() : Array(bytes)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
        for entry in 0..<count {
            let at = directory + 2 + 12 * entry
            guard let tag = number(at, 2) else { return nil }
            if tag == 0x0112 { return number(at + 8, number(at + 2, 2) == long ? 4 : 2) }
        }
        return nil
    }
}
