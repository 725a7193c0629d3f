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

    @Test func writtenFilesAreReadBackWithTheirFacts() throws {
        let size = Size(width: 31, height: 17)
        let picture = Picture(size: size, pixels: (0..<31 * 17 * 3).map { UInt8(truncatingIfNeeded: $0 * $0) })
        let file = try Repository.temporaryFolder().appendingPathComponent("picture.png")
        try picture.writePNG(to: file, facts: [("prompt", "a naïve cat 東京")])
        #expect(try PNG(contentsOf: file).picture == picture)
        #expect(try Data(contentsOf: file).range(of: Data("iTXtprompt\0\0\0\0\0a naïve cat 東京".utf8)) != nil)
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
