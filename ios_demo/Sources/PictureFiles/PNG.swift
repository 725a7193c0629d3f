import CZlib
import Foundation
import MeissonicKit

/// PNG files with at most 8 bits a channel, turned upright as their EXIF says, without a system framework, for the command
/// line.
public struct PNG: Sendable {
    public let size: Size
    /// Red, green, blue, opacity a pixel; row-major.
    let rgba: [UInt8]
    private let transparent: Bool
    /// What made the picture; nil if the file does not say it.
    public let settings: PictureSettings?
    private static let largestFile = 100_000_000  // bytes
    private static let largestText = 65536  // bytes of settings, far more than a text encoder reads

    /// The picture with transparency laid on white, as Pillow does.
    public var picture: Picture {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(rgba.count / 4 * 3)
        for at in stride(from: 0, to: rgba.count, by: 4) {
            for channel in rgba[at..<at + 3] {
                pixels.append(transparent ? PNG.over(255, channel, opacity: rgba[at + 3]) : channel)
            }
        }
        return Picture(size: size, pixels: pixels)
    }

    /// ITU-R 601-2 luma with Pillow's rounding, transparency laid on black: a mask keeps what is transparent.
    public var grey: GrayPicture {
        let levels = stride(from: 0, to: rgba.count, by: 4).map { at -> UInt8 in
            func channel(_ index: Int) -> UInt32 { UInt32(PNG.over(0, rgba[at + index], opacity: rgba[at + 3])) }
            let sum: UInt32 = 19595 * channel(0) + 38470 * channel(1) + 7471 * channel(2)
            return UInt8((sum + 0x8000) >> 16)
        }
        return GrayPicture(size: size, levels: levels)
    }

    /// The settings in the bytes of a file; nil for a PNG without any and for other files. Pixels are not read.
    public static func settings(in data: Data) -> PictureSettings? {
        guard data.count <= largestFile, data.starts(with: PNGChunks.signature), let chunks = try? PNGChunks(data)
        else { return nil }
        return settings(chunks)
    }

    private static func settings(_ chunks: PNGChunks) -> PictureSettings? {
        chunks.every("iTXt").compactMap(settings).last  // of several, as in Python
    }

    /// The settings in an iTXt chunk: keyword, not compressed, language, translated keyword, JSON.
    private static func settings(_ chunk: [UInt8]) -> PictureSettings? {
        let head = Array(PictureSettings.keyword.utf8) + [0, 0, 0]
        guard chunk.count <= largestText, chunk.starts(with: head), let language = chunk[head.count...].firstIndex(of: 0),
            let translated = chunk[(language + 1)...].firstIndex(of: 0)
        else { return nil }
        return PictureSettings(json: Data(chunk[(translated + 1)...]))
    }

    /// Pillow's alpha_composite over an opaque ground, in its integers (7 fractional bits).
    private static func over(_ ground: UInt32, _ channel: UInt8, opacity: UInt8) -> UInt8 {
        let mine = UInt32(opacity) * 128  // of 255 * 128
        let sum = UInt32(channel) * mine + ground * (255 * 128 - mine) + (0x80 << 7)
        return UInt8((((sum >> 8) + sum) >> 8) >> 7)
    }

    /// Reads a file. Throws `UserError.request` that names it.
    public init(contentsOf file: URL) throws {
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw UserError.request("\(file.path) does not exist: check the path")
        }
        // Opening a pipe would wait for its other end, and a device has no end.
        let facts = try? FileManager.default.attributesOfItem(atPath: file.resolvingSymlinksInPath().path)
        guard facts?[.type] as? FileAttributeType == .typeRegular else {
            throw UserError.request("\(file.path) is not a file: give a picture")
        }
        guard let bytes = (facts?[.size] as? NSNumber)?.intValue, bytes <= PNG.largestFile else {
            throw UserError.request("\(file.path) is larger than \(PNG.largestFile / 1_000_000) MB: resize the picture")
        }
        let data: Data
        do { data = try Data(contentsOf: file) } catch {
            throw UserError.request("cannot read \(file.path): \(error.localizedDescription)")
        }
        do { try self.init(data) } catch let problem as PNGProblem {
            throw UserError.request("\(file.path) \(problem.line)")
        }
    }

    /// Throws `PNGProblem`.
    init(_ data: Data) throws {
        let chunks = try PNGChunks(data)
        let header = try PNGHeader(chunks.first("IHDR"))
        let rows = try PNGRows(header, compressed: chunks.all("IDAT"))
        let read = try rows.rgba(palette: chunks.first("PLTE"), transparency: chunks.first("tRNS"))
        transparent = read.1
        settings = PNG.settings(chunks)
        (rgba, size) = Orientation(exif: chunks.first("eXIf"))
            .upright(read.0, Size(width: header.width, height: header.height))
    }
}

/// The fault of a file, as the end of a sentence that starts with its name.
struct PNGProblem: Error {
    let line: String

    static let broken = PNGProblem(line: "is a damaged PNG file: save it again")
}

extension Picture {
    /// Writes a PNG file with the settings that made it, whole or not at all. Throws `UserError.request`.
    public func writePNG(to file: URL, settings: PictureSettings? = nil) throws {
        // A symbolic link stays one, and its target is replaced.
        let target = file.resolvingSymlinksInPath()
        do { try png(settings).write(to: target, options: .atomic) } catch let problem as PNGProblem {
            throw UserError.request("\(file.path) \(problem.line)")
        } catch {
            throw UserError.request("cannot write \(file.path): \(error.localizedDescription)")
        }
    }

    func png(_ settings: PictureSettings?) throws -> Data {
        var header = Data()
        header.appendBigEndian(UInt32(size.width))
        header.appendBigEndian(UInt32(size.height))
        header.append(contentsOf: [8, 2, 0, 0, 0])  // 8 bits, RGB, deflate, filters by row, not interlaced
        var rows: [UInt8] = []
        for start in stride(from: 0, to: pixels.count, by: 3 * size.width) {
            rows.append(0)  // no filter
            rows += pixels[start..<start + 3 * size.width]
        }
        var file = Data(PNGChunks.signature)
        file.appendChunk("IHDR", header)
        if let settings {
            // Keyword, not compressed, no language, no translated keyword.
            file.appendChunk("iTXt", Data(PictureSettings.keyword.utf8) + Data([0, 0, 0, 0, 0]) + (try settings.json()))
        }
        file.appendChunk("IDAT", try deflated(rows))
        file.appendChunk("IEND", Data())
        return file
    }
}

private func deflated(_ bytes: [UInt8]) throws -> Data {
    var length = compressBound(uLong(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(length))
    guard compress(&packed, &length, bytes, uLong(bytes.count)) == Z_OK else {
        throw PNGProblem(line: "cannot be compressed: free some memory")
    }
    return Data(packed.prefix(Int(length)))
}

extension Data {
    fileprivate mutating func appendBigEndian(_ value: UInt32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func appendChunk(_ name: String, _ content: Data) {
        let named = Data(name.utf8) + content
        appendBigEndian(UInt32(content.count))
        append(named)
        appendBigEndian(PNGChunks.checksum(named))
    }
}
