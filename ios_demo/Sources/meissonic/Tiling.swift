import MeissonicKit

/// Pictures of one size side by side as one, row by row in a square; white where none is.
func tiled(_ pictures: [Picture]) -> Picture {
    let columns = Int(Double(pictures.count).squareRoot().rounded(.up))
    let rows = (pictures.count + columns - 1) / columns
    let part = pictures[0].size
    let whole = Size(width: columns * part.width, height: rows * part.height)
    var pixels = [UInt8](repeating: 255, count: 3 * whole.width * whole.height)
    for (index, picture) in pictures.enumerated() {
        for y in 0..<part.height {
            let begin = 3 * ((index / columns * part.height + y) * whole.width + index % columns * part.width)
            pixels.replaceSubrange(
                begin..<begin + 3 * part.width, with: picture.pixels[3 * y * part.width..<3 * (y + 1) * part.width])
        }
    }
    return Picture(size: whole, pixels: pixels)
}
