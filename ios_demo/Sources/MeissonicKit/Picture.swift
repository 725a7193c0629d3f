/// 8-bit RGB, row-major, three bytes a pixel.
public struct Picture: Sendable, Equatable {
    public let size: Size
    public let pixels: [UInt8]

    public init(size: Size, pixels: [UInt8]) {
        precondition(
            pixels.count == 3 * size.width * size.height, "\(pixels.count) bytes are no RGB picture of \(size)")
        self.size = size
        self.pixels = pixels
    }
}

/// 8-bit grey, row-major, one byte a pixel.
public struct GrayPicture: Sendable, Equatable {
    public let size: Size
    public let levels: [UInt8]

    public init(size: Size, levels: [UInt8]) {
        precondition(levels.count == size.width * size.height, "\(levels.count) bytes are no grey picture of \(size)")
        self.size = size
        self.levels = levels
    }
}

extension Picture {
    /// u8 [h, w, 3], as graphs take it. Throws `UserError.request` for another size than the one drawn.
    func tensor(of wanted: Size) throws -> Tensor {
        try checkSize("image", size, wanted)
        return Tensor(pixels, shape: [size.height, size.width, 3])
    }

    /// The picture with its edges repeated outward.
    func padded(by margins: Margins) -> Picture {
        let wide = Size(
            width: margins.left + size.width + margins.right, height: margins.top + size.height + margins.bottom)
        var padded: [UInt8] = []
        padded.reserveCapacity(3 * wide.width * wide.height)
        for y in 0..<wide.height {
            let row = min(max(y - margins.top, 0), size.height - 1)
            for x in 0..<wide.width {
                let column = min(max(x - margins.left, 0), size.width - 1)
                let at = 3 * (row * size.width + column)
                padded.append(contentsOf: pixels[at..<at + 3])
            }
        }
        return Picture(size: wide, pixels: padded)
    }
}

extension GrayPicture {
    /// Which tokens of the grid to repaint: white of a mask of the size drawn.
    ///
    /// As published: Lanczos to one pixel a token, repainted from one half (128 of 255) up. Throws `UserError.request`
    /// for another size, or if nothing is white enough.
    func tokens(of wanted: Size, grid: Grid) throws -> [Bool] {
        try checkSize("mask", size, wanted)
        let small = resized(to: Size(width: grid.width, height: grid.height))
        let chosen = small.levels.map { $0 >= 128 }
        guard chosen.contains(true) else {
            throw UserError.request("the mask repaints nothing: paint what should change white")
        }
        return chosen
    }
}

extension Margins {
    /// Which tokens of the grid lie in the margins.
    func tokens(of grid: Grid, tokenSize: Int) -> [Bool] {
        let rows = top / tokenSize..<grid.height - bottom / tokenSize
        let columns = left / tokenSize..<grid.width - right / tokenSize
        return (0..<grid.count).map { !rows.contains($0 / grid.width) || !columns.contains($0 % grid.width) }
    }
}

private func checkSize(_ what: String, _ actual: Size, _ wanted: Size) throws {
    guard actual == wanted else {
        throw UserError.request("the \(what) is \(actual) pixels, \(wanted) is needed: resize it to \(wanted)")
    }
}
