import Foundation
import MeissonicKit
import TestSupport
import Testing

@testable import PictureFiles

@Suite struct PNGTests {
    struct Hashes: Decodable, Equatable {
        let rgb: String
        let grey: String
    }

    private let folder = Repository.root.appendingPathComponent("build/phones/iphone-vectors")

    @Test func filesOfEveryModeAreReadAsPillowReadsThem() throws {
        let cases: [String: Hashes] = try Repository.json("build/phones/iphone-vectors/pngs.json")
        #expect(cases.count == 12)
        for (name, wanted) in cases {
            let png = try PNG(contentsOf: folder.appendingPathComponent("\(name).png"))
            #expect(png.size == Size(width: 37, height: 23))
            #expect(sha256(png.picture.pixels) == wanted.rgb, "\(name)")
            #expect(sha256(png.grey.levels) == wanted.grey, "\(name)")
        }
    }

    private struct Made: Decodable {
        struct Settings: Decodable {
            let seed: String
            let prompt: String
            let size: [Int]
            let margins: [Int]?
            let strength: Double?
        }

        let png: Data
        let settings: Settings
    }

    private struct Vectors: Decodable { let settings: [Made] }

    @Test func settingsOfPythonsFilesAreReadAndWrittenWithTheSameContent() throws {
        let vectors: Vectors = try Repository.json("tests/vectors/editing.json")
        let file = try Repository.temporaryFolder().appendingPathComponent("picture.png")
        let size = Size(width: 31, height: 17)
        let picture = Picture(size: size, pixels: (0..<31 * 17 * 3).map { UInt8(truncatingIfNeeded: $0 * $0) })
        for made in vectors.settings {
            let read = try #require(try PNG(made.png).settings)
            let wanted = made.settings
            #expect(String(read.seed) == wanted.seed && read.prompt == wanted.prompt)
            #expect([read.size.height, read.size.width] == wanted.size && read.strength == wanted.strength)
            #expect(read.margins.map { [$0.left, $0.top, $0.right, $0.bottom] } == wanted.margins)
            try picture.writePNG(to: file, settings: read)
            let written = try PNG(contentsOf: file)
            #expect(written.picture == picture && written.settings == read)
            #expect(PNG.settings(in: try Data(contentsOf: file)) == read)
            // The same JSON as Python's, apart from the order of keys. A Double cannot hold the seed.
            let ours = try #require(try JSONSerialization.jsonObject(with: read.json()) as? NSDictionary)
            let theirs = try #require(try JSONSerialization.jsonObject(with: json(in: made.png)) as? NSDictionary)
            #expect(ours == theirs)
        }
        #expect(try PNG(contentsOf: folder.appendingPathComponent("rgb.png")).settings == nil)
    }

    @Test func filesWithoutSettingsAndDamagedOnesHaveNone() throws {
        let vectors: Vectors = try Repository.json("tests/vectors/editing.json")
        let whole = vectors.settings[0].png
        #expect(PNG.settings(in: whole) != nil)
        for length in stride(from: 0, to: whole.count, by: 7) { #expect(PNG.settings(in: whole.prefix(length)) == nil) }
        #expect(PNG.settings(in: Data("JFIF".utf8)) == nil)
        #expect(PNG.settings(in: try Data(contentsOf: folder.appendingPathComponent("rgb.png"))) == nil)
    }

    @Test func aTextTooLongForAPromptIsNotRead() throws {
        let vectors: Vectors = try Repository.json("tests/vectors/editing.json")
        let read = try #require(try PNG(vectors.settings[0].png).settings)
        var json = try #require(try JSONSerialization.jsonObject(with: read.json()) as? [String: Any])
        let picture = Picture(size: Size(width: 1, height: 1), pixels: [1, 2, 3])
        for (length, isRead) in [(60_000, true), (70_000, false)] {
            json["prompt"] = String(repeating: "a", count: length)
            let long = try #require(PictureSettings(json: JSONSerialization.data(withJSONObject: json)))
            #expect((PNG.settings(in: try picture.png(long)) != nil) == isRead)
        }
    }

    /// The text of the last chunk with settings, found without our reader.
    private func json(in png: Data) throws -> Data {
        let begin = try #require(png.range(of: Data("iTXtmeissonic\0\0\0\0\0".utf8), options: .backwards))
        let length = png[begin.lowerBound - 4..<begin.lowerBound].reduce(0) { $0 << 8 | Int($1) }
        return png[begin.upperBound..<begin.lowerBound + 4 + length]
    }

    /// The pixel at the top left of the upright picture, by orientation: its place in the file.
    @Test(arguments: [(1, 0), (2, 3), (3, 7), (4, 4), (5, 0), (6, 4), (7, 7), (8, 3)])
    func picturesAreTurnedUpright(orientation: UInt8, corner: UInt8) {
        for (little, long) in [(false, false), (true, false), (false, true), (true, true)] {
            // A TIFF file of one entry.
            let value: [[UInt8]] = long ? [[0, 0, 0, orientation]] : [[0, orientation], [0, 0]]
            let numbers: [[UInt8]] =
                [[0, 42], [0, 0, 0, 8], [0, 1], [1, 0x12], [0, long ? 4 : 3], [0, 0, 0, 1]] + value
            let exif = Array((little ? "II" : "MM").utf8) + numbers.flatMap { little ? $0.reversed() : $0 }
            let rgba: [UInt8] = (0..<8).flatMap { [$0, 0, 0, 255] }
            let made = Orientation(exif: exif).upright(rgba, Size(width: 4, height: 2))
            #expect(made.size == (orientation < 5 ? Size(width: 4, height: 2) : Size(width: 2, height: 4)))
            #expect(made.rgba[0] == corner && Set(made.rgba) == Set(rgba))
            #expect(Orientation(exif: Array(exif.prefix(15))).upright(rgba, Size(width: 4, height: 2)).rgba == rgba)
        }
    }

    @Test func whatIsTransparentIsLaidOnBlackInAMask() throws {
        let file = folder.appendingPathComponent("rgba.png")
        let png = try PNG(contentsOf: file)
        for (at, level) in png.grey.levels.enumerated() where png.rgba[4 * at + 3] == 0 { #expect(level == 0) }
        for (at, level) in png.grey.levels.enumerated() { #expect(level <= png.rgba[4 * at + 3]) }
    }

    @Test func aLinkStaysALinkAndItsTargetIsReplaced() throws {
        let folder = try Repository.temporaryFolder()
        let (target, link) = (folder.appendingPathComponent("target.png"), folder.appendingPathComponent("link.png"))
        try Data("old".utf8).write(to: target)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
        let picture = Picture(size: Size(width: 1, height: 1), pixels: [1, 2, 3])
        try picture.writePNG(to: link)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == target.path)
        #expect(try PNG(contentsOf: target).picture == picture)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    }

    @Test func unreadableFilesAreNamed() throws {
        func line(_ file: URL) -> String {
            do { _ = try PNG(contentsOf: file) } catch { return "\(error)" }
            return "nothing was thrown"
        }
        let temporary = try Repository.temporaryFolder().appendingPathComponent("x.png")
        #expect(line(temporary) == "\(temporary.path) does not exist: check the path")
        try Data("P6 1 1".utf8).write(to: temporary)
        #expect(line(temporary) == "\(temporary.path) is not a PNG file: save it as PNG")
        #expect(
            line(folder.appendingPathComponent("deep.png")).hasSuffix(
                "deep.png has 16 bits a channel: save it as 8-bit RGB"))
        let whole = try Data(contentsOf: folder.appendingPathComponent("rgb.png"))
        for length in stride(from: 8, to: whole.count, by: 7) {
            try whole.prefix(length).write(to: temporary)
            #expect(line(temporary).hasSuffix("is a damaged PNG file: save it again"))
        }
        for position in stride(from: 8, to: whole.count, by: 11) {
            var changed = whole
            changed[position] ^= 0x40
            try changed.write(to: temporary)
            #expect(line(temporary).contains("x.png "))
        }
    }
}
