/// Lays what was repainted into the photo.

/// The pixels to repaint, [h*w]: those of the unknown tokens of a grid.
///
/// With the grey levels [h, w] of a mask, only those from one half (128 of 255) up.
func coveredPixels(_ unknown: [Bool], grid: Grid, tokenSize: Int, levels: [UInt8]? = nil) -> [Bool] {
    let width = grid.width * tokenSize
    return (0..<width * grid.height * tokenSize).map { at in
        let token = at / width / tokenSize * grid.width + at % width / tokenSize
        return unknown[token] && (levels.map { $0[at] >= 128 } ?? true)
    }
}

/// The photo u8 [h, w, 3] where it is not `covered` [h*w], inside that the drawing u8 [h, w, 3].
///
/// Between them is a seam of one token, inside what is covered: a pixel whose nearest one of the photo is d pixels away has
/// d / (tokenSize + 1) of the drawing.
func compose(_ photo: [UInt8], _ drawn: [UInt8], covered: [Bool], size: Size, tokenSize: Int) -> [UInt8] {
    let parts = tokenSize + 1
    let shares = depth(covered, size: size, most: parts)
    return drawn.indices.map { at -> UInt8 in
        let share = shares[at / 3]
        let sum: Int = Int(drawn[at]) * share + Int(photo[at]) * (parts - share)
        return UInt8((sum + parts / 2) / parts)
    }
}

/// How far each pixel is from the nearest one that is not covered, [h*w], at most `most`.
///
/// A diagonal neighbour is at distance 1. Nothing lies beyond the edges of the picture.
func depth(_ covered: [Bool], size: Size, most: Int) -> [Int] {
    var found = covered.map { $0 ? most : 0 }
    /// Takes the distance over the neighbours of the next row and the one beside.
    func lower(_ x: Int, _ y: Int, _ step: Int) {
        let at = y * size.width + x
        if 0..<size.height ~= y + step {
            for near in max(x - 1, 0)...min(x + 1, size.width - 1) {
                found[at] = min(found[at], found[(y + step) * size.width + near] + 1)
            }
        }
        if 0..<size.width ~= x + step { found[at] = min(found[at], found[at + step] + 1) }
    }
    // Once from the top left, once from the bottom right: a distance comes from one of the two sides.
    for y in 0..<size.height { for x in 0..<size.width { lower(x, y, -1) } }
    for y in (0..<size.height).reversed() { for x in (0..<size.width).reversed() { lower(x, y, 1) } }
    return found
}
