/// Pillow's convert("L").
public func luma(_ argb: Int32) -> UInt8 {
    let bits = UInt32(bitPattern: argb)
    let (red, green, blue) = (bits >> 16 & 255, bits >> 8 & 255, bits & 255)
    return UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
}
