import CoreGraphics
import Foundation
import ImageIO
import MeissonicKit
import Photos

extension Picture {
    /// An image for the screen; nil if memory is short.
    var cgImage: CGImage? {
        guard let provider = CGDataProvider(data: Data(pixels) as CFData) else { return nil }
        return CGImage(
            width: size.width, height: size.height, bitsPerComponent: 8, bitsPerPixel: 24, bytesPerRow: 3 * size.width,
            space: CGColorSpace(name: CGColorSpace.sRGB) ?? CGColorSpaceCreateDeviceRGB(),
            bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue), provider: provider, decode: nil,
            shouldInterpolate: true, intent: .defaultIntent)
    }

    /// A picture of any format that the system reads, upright, on white, at most `longest` pixels along its longer side; nil if
    /// it cannot be read or is larger than photos are.
    init?(reading data: Data, longest: Int) {
        guard data.count <= 100_000_000, let source = CGImageSourceCreateWithData(data as CFData, nil),
            isPhoto(source), let image = thumbnail(source, longest),
            let space = CGColorSpace(name: CGColorSpace.sRGB)
        else { return nil }
        let (width, height) = (image.width, image.height)
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        let drawn = rgba.withUnsafeMutableBytes { bytes in
            guard
                let context = CGContext(
                    data: bytes.baseAddress, width: width, height: height, bitsPerComponent: 8, bytesPerRow: 4 * width,
                    space: space, bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)
            else { return false }
            let whole = CGRect(x: 0, y: 0, width: width, height: height)
            context.setFillColor(CGColor(gray: 1, alpha: 1))
            context.fill(whole)
            context.draw(image, in: whole)
            return true
        }
        guard drawn else { return nil }
        var rgb: [UInt8] = []
        rgb.reserveCapacity(3 * width * height)
        for at in stride(from: 0, to: rgba.count, by: 4) { rgb.append(contentsOf: rgba[at..<at + 3]) }
        self.init(size: Size(width: width, height: height), pixels: rgb)
    }
}

/// Whether a picture has at most 200 million pixels, as those of the largest cameras do.
private func isPhoto(_ source: CGImageSource) -> Bool {
    let facts = CGImageSourceCopyPropertiesAtIndex(source, 0, nil) as? [CFString: Any]
    guard let width = facts?[kCGImagePropertyPixelWidth] as? Int, let height = facts?[kCGImagePropertyPixelHeight] as? Int
    else { return false }
    return width > 0 && height > 0 && width <= 200_000_000 / height
}

/// A small image of a picture's file, for a grid; nil if the file is gone.
func thumbnail(of file: URL, longest: Int) async -> sending CGImage? {
    CGImageSourceCreateWithURL(file as CFURL, nil).flatMap { thumbnail($0, longest) }
}

private func thumbnail(_ source: CGImageSource, _ longest: Int) -> CGImage? {
    let options: [CFString: Any] = [
        kCGImageSourceCreateThumbnailFromImageAlways: true, kCGImageSourceCreateThumbnailWithTransform: true,
        kCGImageSourceThumbnailMaxPixelSize: longest,
    ]
    return CGImageSourceCreateThumbnailAtIndex(source, 0, options as CFDictionary)
}

/// Adds a file to the person's photos; the system asks them the first time. Throws `UserError.request` if they refuse.
func saveToPhotos(_ file: URL) async throws {
    guard await PHPhotoLibrary.requestAuthorization(for: .addOnly) == .authorized else {
        throw UserError.request(
            String(localized: "The app may not add to your photos: allow it in Settings, or share the picture"))
    }
    try await PHPhotoLibrary.shared().performChanges {
        PHAssetCreationRequest.forAsset().addResource(with: .photo, fileURL: file, options: nil)
    }
}
