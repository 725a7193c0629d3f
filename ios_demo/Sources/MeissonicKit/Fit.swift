/// Brings a picture of any size to the one that is drawn.

/// `crop` scales the largest part of the picture's middle that has the shape drawn, `pad` all of it into the middle of plain
/// margins, `stretch` both sides alone.
public enum Fit: String, Codable, Sendable, CaseIterable {
    case crop, pad, stretch
}

extension Picture {
    /// The picture in a size, in white margins.
    public func fitted(to wanted: Size, _ how: Fit = .crop) -> Picture {
        if size == wanted { return self }
        let planes = (0..<3).map { channel in
            let levels = stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] }
            return fit(GrayPicture(size: size, levels: levels), size: wanted, how, margin: 255).levels
        }
        var made: [UInt8] = []
        made.reserveCapacity(3 * wanted.width * wanted.height)
        for at in 0..<wanted.width * wanted.height { for plane in planes { made.append(plane[at]) } }
        return Picture(size: wanted, pixels: made)
    }
}

/// A picture of one channel in `size`, in margins of the level `margin`.
func fit(_ picture: GrayPicture, size: Size, _ how: Fit, margin: UInt8) -> GrayPicture {
    switch how {
    case .stretch: return picture.resized(to: size)
    case .crop:
        let part = inscribed(size, in: picture.size)
        let (left, top) = middle(part, of: picture.size)
        var levels: [UInt8] = []
        levels.reserveCapacity(part.width * part.height)
        for y in top..<top + part.height {
            let begin = y * picture.size.width + left
            levels += picture.levels[begin..<begin + part.width]
        }
        return GrayPicture(size: part, levels: levels).resized(to: size)
    case .pad:
        let inner = inscribed(picture.size, in: size)
        let (left, top) = middle(inner, of: size)
        let scaled = picture.resized(to: inner).levels
        var levels = [UInt8](repeating: margin, count: size.width * size.height)
        for y in 0..<inner.height {
            let begin = (y + top) * size.width + left
            levels.replaceSubrange(begin..<begin + inner.width, with: scaled[y * inner.width..<(y + 1) * inner.width])
        }
        return GrayPicture(size: size, levels: levels)
    }
}

/// The largest size of the shape of `shape` inside `frame`, rounded half up, at least one pixel.
func inscribed(_ shape: Size, in frame: Size) -> Size {
    func rounded(_ long: Int, _ side: Int, by other: Int) -> Int { max((2 * long * side + other) / (2 * other), 1) }
    return shape.width * frame.height > frame.width * shape.height
        ? Size(width: frame.width, height: rounded(frame.width, shape.height, by: shape.width))
        : Size(width: rounded(frame.height, shape.width, by: shape.height), height: frame.height)
}

/// The corner of a part in the middle.
private func middle(_ part: Size, of whole: Size) -> (left: Int, top: Int) {
    ((whole.width - part.width) / 2, (whole.height - part.height) / 2)
}
