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

/// A picture fitted to `size` as u8 [h, w, 3], in white margins.
func pictureArray(_ picture: Picture, size: Size, _ how: Fit = .crop) -> Tensor {
    Tensor(picture.fitted(to: size, how).pixels, shape: [size.height, size.width, 3])
}

/// A mask fitted to `size` like its picture. White repaints, margins keep.
///
/// A mask of another size than the picture's, `of`, is first stretched to it.
func maskLevels(_ mask: GrayPicture, of: Size, size: Size, _ how: Fit = .crop) -> GrayPicture {
    fit(mask.resized(to: of), size: size, how, margin: 0)
}

/// Which tokens of the grid to repaint, [H*W]: white of a mask of the picture's size.
///
/// As published: Lanczos to one pixel a token, repainted from one half (128 of 255) up. Throws `UserError.request` if
/// nothing is white enough.
func maskArray(_ levels: GrayPicture, grid: Grid) throws -> [Bool] {
    let small = levels.resized(to: Size(width: grid.width, height: grid.height))
    let chosen = small.levels.map { $0 >= 128 }
    guard chosen.contains(true) else {
        throw UserError.request("the mask repaints nothing: paint a larger part white")
    }
    return chosen
}

/// A picture with its edges repeated outward.
func padEdges(_ picture: Picture, margins: Margins) -> Picture {
    let size = picture.size
    let wide = Size(
        width: margins.left + size.width + margins.right, height: margins.top + size.height + margins.bottom)
    var padded: [UInt8] = []
    padded.reserveCapacity(3 * wide.width * wide.height)
    for y in 0..<wide.height {
        let row = min(max(y - margins.top, 0), size.height - 1)
        for x in 0..<wide.width {
            let column = min(max(x - margins.left, 0), size.width - 1)
            let at = 3 * (row * size.width + column)
            padded.append(contentsOf: picture.pixels[at..<at + 3])
        }
    }
    return Picture(size: wide, pixels: padded)
}

/// Which tokens of the grid lie in the margins (pixels), [H*W].
func marginArray(_ grid: Grid, margins: Margins, tokenSize: Int) -> [Bool] {
    let rows = margins.top / tokenSize..<grid.height - margins.bottom / tokenSize
    let columns = margins.left / tokenSize..<grid.width - margins.right / tokenSize
    return (0..<grid.count).map { !rows.contains($0 / grid.width) || !columns.contains($0 % grid.width) }
}
