import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

@Suite struct PicturesTests {
    struct Case: Decodable {
        let size: [Int]
        let grid: [Int]
        let argb: [Int32]
        let grey: [UInt8]
    }

    @Test func masksAreResizedAsPillowResizesThem() throws {
        let cases: [Case] = try Repository.json("build/phones/vectors/pictures.json")
        #expect(cases.count >= 5)
        for each in cases {
            let mask = GrayPicture(size: Size(width: each.size[0], height: each.size[1]), levels: each.argb.map(luma))
            let small = mask.resized(to: Size(width: each.grid[0], height: each.grid[1]))
            #expect(small.levels == each.grey, "\(each.size) to \(each.grid)")
        }
    }

    @Test func edgesAreRepeatedOutward() {
        let picture = Picture(size: Size(width: 2, height: 1), pixels: [1, 2, 3, 4, 5, 6])
        let padded = padEdges(picture, margins: Margins(left: 1, top: 0, right: 2, bottom: 1))
        let row: [UInt8] = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6]
        #expect(padded == Picture(size: Size(width: 5, height: 2), pixels: row + row))
    }

    @Test func marginsAreTheTokensAroundThePicture() {
        let new = marginArray(
            Grid(height: 3, width: 2), margins: Margins(left: 4, top: 0, right: 0, bottom: 8), tokenSize: 4)
        #expect(new == [true, false, true, true, true, true])
    }

    /// What the Neural Engine gives: rows of 3 floats, each in 64 bytes, and a gap between planes.
    @Test func paddedRowsAreReadWithoutTheirPadding() {
        let (shape, strides) = ([2, 2, 3], [48, 16, 1])
        var buffer = [Float](repeating: .nan, count: 96)
        buffer.withUnsafeMutableBytes { unpack((0..<12).map(Float.init), into: $0, shape: shape, strides: strides) }
        #expect(buffer[0..<3] == [0, 1, 2] && buffer[16..<19] == [3, 4, 5] && buffer[48..<51] == [6, 7, 8])
        #expect(buffer.count { $0.isNaN } == 84)
        let values: [Float] = buffer.withUnsafeBytes { packed($0, shape: shape, strides: strides) }
        #expect(values == (0..<12).map(Float.init))
        let turned: [Float] = buffer.withUnsafeBytes { packed($0, shape: [3, 2], strides: [1, 16]) }
        #expect(turned == [0, 3, 1, 4, 2, 5])
        let single: [Float] = buffer.withUnsafeBytes { packed($0, shape: [], strides: []) }
        #expect(single == [0])
    }
}
