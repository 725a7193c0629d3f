import MeissonicKit

extension Picture {
    /// The middle of the picture, cropped to the shape of `wanted` and scaled to it, as Pillow's `ImageOps.fit` on whole pixels.
    public func cropped(to wanted: Size) -> Picture {
        let scale = min(
            Double(size.width) / Double(wanted.width), Double(size.height) / Double(wanted.height))
        let part = Size(
            width: max(1, Int((Double(wanted.width) * scale).rounded())),
            height: max(1, Int((Double(wanted.height) * scale).rounded())))
        let (left, top) = ((size.width - part.width) / 2, (size.height - part.height) / 2)
        let planes = (0..<3).map { channel in
            var levels: [UInt8] = []
            levels.reserveCapacity(part.width * part.height)
            for y in top..<top + part.height {
                for x in left..<left + part.width { levels.append(pixels[3 * (y * size.width + x) + channel]) }
            }
            return GrayPicture(size: part, levels: levels).resized(to: wanted).levels
        }
        var made: [UInt8] = []
        made.reserveCapacity(3 * wanted.width * wanted.height)
        for at in 0..<wanted.width * wanted.height { for plane in planes { made.append(plane[at]) } }
        return Picture(size: wanted, pixels: made)
    }
}
