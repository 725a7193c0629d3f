/// Previews without the image decoder: a small patch of pixels for each code, laid side by side.

private let grey: UInt8 = 128  // every channel where a token is masked

/// The patches of a bundle: u8 [codes, side, side, 3].
struct PreviewTable: Sendable {
    let patches: [UInt8]
    let side: Int

    init(patches: [UInt8], side: Int) {
        self.patches = patches
        self.side = side
    }

    /// nil for a bundle without patches. Throws `UserError.bundle`.
    init?(bundle: ModelBundle) throws {
        guard let facts = bundle.manifest.preview else { return nil }
        self.init(patches: Array(try bundle.bytes(facts.file)), side: facts.side)
    }

    /// Tokens i32 [H*W] of a grid as a picture; grey where a token is no code.
    func picture(_ tokens: [Int32], _ grid: Grid) -> Picture {
        let row = 3 * side
        let codes = patches.count / (row * side)
        let size = Size(width: grid.width * side, height: grid.height * side)
        var pixels = [UInt8](repeating: grey, count: 3 * size.width * size.height)
        for (at, token) in tokens.enumerated() where Int(token) < codes {
            let first = at / grid.width * side * grid.width + at % grid.width  // in rows of a patch
            for line in 0..<side {
                let (to, from) = ((first + line * grid.width) * row, (Int(token) * side + line) * row)
                pixels.replaceSubrange(to..<to + row, with: patches[from..<from + row])
            }
        }
        return Picture(size: size, pixels: pixels)
    }
}
