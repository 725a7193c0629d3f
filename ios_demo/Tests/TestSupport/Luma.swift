/// Pillow's convert("L"), transparency laid on black with its alpha_composite.
public func luma(_ argb: Int32) -> UInt8 {
    let bits = UInt32(bitPattern: argb)
    let opacity = bits >> 24
    func channel(_ shift: UInt32) -> UInt32 {
        let sum = (bits >> shift & 255) * opacity * 128 + 0x4000
        return (((sum >> 8) + sum) >> 8) >> 7
    }
    let (red, green, blue) = (channel(16), channel(8), channel(0))
    return UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
}
