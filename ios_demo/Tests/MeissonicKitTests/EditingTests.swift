import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

/// What Python and Pillow give: tests/runtime/editing_cases.py.
@Suite struct EditingTests {
    struct Vectors: Decodable {
        struct Source: Decodable {
            let size: Size
            let rgb: Data
            let grey: Data
        }

        struct Inscribed: Decodable {
            let shape: [Int]
            let frame: Size
            let size: Size
        }

        struct Fitted: Decodable {
            let picture: Int
            let size: Size
            let fit: Fit
            let rgb_sha256: String
        }

        struct Masked: Decodable {
            let picture: Int
            let of: Size
            let size: Size
            let fit: Fit
            let levels_sha256: String
        }

        struct Composed: Decodable {
            let token_size: Int
            let grid: Size
            let unknown: Data
            let levels: Data?
            let photo: Data
            let drawn: Data
            let covered_sha256: String
            let rgb_sha256: String
        }

        let pictures: [Source]
        let inscribed: [Inscribed]
        let fits: [Fitted]
        let masks: [Masked]
        let composed: [Composed]
    }

    let vectors: Vectors

    init() throws { vectors = try Repository.json("tests/vectors/editing.json") }

    @Test func picturesAreFittedAsPillowDoes() {
        for case_ in vectors.inscribed {
            #expect(inscribed(Size(width: case_.shape[0], height: case_.shape[1]), in: case_.frame) == case_.size)
        }
        let pictures = vectors.pictures.map { Picture(size: $0.size, pixels: Array($0.rgb)) }
        for case_ in vectors.fits {
            let made = pictures[case_.picture].fitted(to: case_.size, case_.fit)
            #expect(sha256(Data(made.pixels)) == case_.rgb_sha256, "\(case_.picture) \(case_.size) \(case_.fit)")
        }
    }

    @Test func masksAreFittedAlongWithTheirPictures() {
        let masks = vectors.pictures.map { GrayPicture(size: $0.size, levels: Array($0.grey)) }
        for case_ in vectors.masks {
            let levels = maskLevels(masks[case_.picture], of: case_.of, size: case_.size, case_.fit).levels
            #expect(sha256(Data(levels)) == case_.levels_sha256)
        }
    }

    @Test func drawingsAreLaidIntoPhotosAsInPython() {
        for case_ in vectors.composed {
            let grid = Grid(height: case_.grid.height, width: case_.grid.width)
            let covered = coveredPixels(
                case_.unknown.map { $0 != 0 }, grid: grid, tokenSize: case_.token_size,
                levels: case_.levels.map { Array($0) })
            #expect(sha256(Data(covered.map { $0 ? 1 : 0 })) == case_.covered_sha256)
            let size = Size(width: grid.width * case_.token_size, height: grid.height * case_.token_size)
            let made = compose(
                Array(case_.photo), Array(case_.drawn), covered: covered, size: size, tokenSize: case_.token_size)
            #expect(sha256(Data(made)) == case_.rgb_sha256)
        }
    }
}
