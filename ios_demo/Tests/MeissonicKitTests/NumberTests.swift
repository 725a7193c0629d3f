import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

/// Compares numbers with those of Python and torch, bit by bit.
@Suite struct NumberTests {
    struct PhiloxCase: Decodable {
        let seed: String
        let step: Int
        let stream: UInt32
        let bits: [[UInt32]]
    }

    @Test func uniformsAreThePythonRuntimes() throws {
        let cases: [PhiloxCase] = try Repository.json("tests/vectors/philox.json")
        #expect(cases.count == 16)
        for each in cases {
            let seed = try #require(UInt64(each.seed))
            let stream = try #require(NoiseStream(rawValue: each.stream))
            let made = uniforms(seed: seed, step: each.step, stream: stream, count: each.bits[0].count, words: 2)
            #expect(made.map(\.bitPattern) == each.bits.flatMap { $0 })
        }
    }

    @Test func uniformsAreNeverZeroOrOne() {
        #expect(uniform(0) == 0x1p-25)
        #expect(uniform(.max) == (1 as Float).nextDown)
    }

    /// Random123's kat_vectors: philox4x32 10.
    @Test func blocksAreThePublishedAnswers() {
        let ones = UInt32.max
        #expect(
            philox4x32(SIMD4(0, 0, 0, 0), key: SIMD2(0, 0))
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            philox4x32(SIMD4(ones, ones, ones, ones), key: SIMD2(ones, ones))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            philox4x32(
                SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    struct IntervalCase: Decodable {
        let steps: Int
        let from: Double
        let until: Double
        let inside: [Int]
    }

    @Test func intervalsOfStepsBeginAndEndWhereTheVectorsSay() throws {
        let cases: [IntervalCase] = try Repository.json("tests/vectors/intervals.json")
        #expect(cases.count == 64)
        for each in cases {
            let made = (0..<each.steps).filter { inInterval($0, steps: each.steps, start: each.from, end: each.until) }
            #expect(made == each.inside)
        }
    }

    struct NormalsCase: Decodable {
        let words: [UInt32]
        let bits: [UInt32]
    }

    @Test func normalNumbersAreThePythonRuntimes() throws {
        let cases: [NormalsCase] = try Repository.json("tests/vectors/normals.json")
        #expect(cases.count == 272)
        for each in cases { #expect(normals(each.words).map(\.bitPattern) == each.bits) }
        let noise = PhiloxNoise(seed: .max)
        #expect(Array(noise.embedding(count: 1000).prefix(7)) == noise.embedding(count: 7))
    }

    struct StartCase: Decodable {
        let seed: String
        let codes: Int
        let masked: Double
        let before: [Int32]
        let after: [Int32]
    }

    @Test func studentsStartFromTheReferencesTokens() throws {
        let cases: [StartCase] = try Repository.json("tests/vectors/starts.json")
        #expect(cases.count == 4)
        for each in cases {
            let noise = PhiloxNoise(seed: try #require(UInt64(each.seed)))
            let student = Student(masked: each.masked, codebookSize: each.codes)
            let plan = Plan(steps: 1, maskTokenID: Int32(each.codes), schedule: .cosine, student: student)
            #expect(randomTokens(each.before, noise: noise, plan: plan, student: student) == each.after)
        }
    }

    struct PreviewCase: Decodable {
        let side: Int
        let width: Int
        let height: Int
        let patches: [UInt8]
        let tokens: [Int32]
        let pixels: [UInt8]
    }

    @Test func previewsAreThePythonRuntimes() throws {
        let cases: [PreviewCase] = try Repository.json("tests/vectors/previews.json")
        #expect(cases.count == 4)
        for each in cases {
            let table = PreviewTable(patches: each.patches, side: each.side)
            let made = table.picture(each.tokens, Grid(height: each.height, width: each.width))
            #expect(made.size == Size(width: each.width * each.side, height: each.height * each.side))
            #expect(made.pixels == each.pixels)
        }
    }

    /// Schedule, tokens, steps: lengths after each step but the last.
    @Test func maskLengthsAreThePublishedSchedulers() throws {
        let tables: [String: [String: [String: [Int]]]] = try Repository.json("tests/golden/mask_lengths.json")
        var compared = 0
        for (schedule, bySize) in tables {
            let schedule = try #require(MaskingSchedule(rawValue: schedule))
            for (tokens, bySteps) in bySize {
                let tokens = try #require(Int(tokens))
                for (steps, wanted) in bySteps {
                    let steps = try #require(Int(steps))
                    var unknown = tokens
                    let made = (0..<steps - 1).map { step in
                        unknown = maskLength(schedule, step: step, steps: steps, tokens: tokens, unknown: unknown)
                        return unknown
                    }
                    if made != wanted { Issue.record("\(schedule) \(tokens) tokens \(steps) steps") }
                    compared += wanted.count
                }
            }
        }
        #expect(compared > 10_000)
    }

    struct Numbers: Decodable {
        let temperatures: [String: [UInt32]]
        let step_sinusoids: [UInt32]
        let share_sinusoids: [UInt32]
        let micro_sinusoids: [UInt32]
    }

    @Test func temperaturesAndSinusoidsAreThePythonRuntimes() throws {
        let numbers: Numbers = try Repository.json("build/phones/vectors/numbers.json")
        for (steps, wanted) in numbers.temperatures {
            let steps = try #require(Int(steps))
            #expect(temperatures(steps: steps).map(\.bitPattern) == wanted)
        }
        #expect(try stepSinusoids(64, .index).float32().map(\.bitPattern) == numbers.step_sinusoids)
        #expect(try stepSinusoids(48, .share).float32().map(\.bitPattern) == numbers.share_sinusoids)
        let micro = microSinusoids(Size(width: 1024, height: 768), score: 6)
        #expect(try micro.float32().map(\.bitPattern) == numbers.micro_sinusoids)
    }

    /// FIPS 180-4's examples, and the lengths around a block's end:
    /// `python3 -c "import hashlib as h; print(h.sha256(''.join(h.sha256(b'a' * n).hexdigest() for n in range(200)).encode()).hexdigest())"`
    @Test func hashesAreHashlibs() {
        func hex(_ parts: Data...) -> String {
            var digest = PlainSHA256()
            for part in parts { digest.update(part) }
            return digest.hex()
        }
        #expect(hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex(Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let million = Data(repeating: UInt8(ascii: "a"), count: 500_000)
        #expect(hex(million, million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        let all = (0..<200).map { hex(Data(repeating: UInt8(ascii: "a"), count: $0)) }.joined()
        #expect(hex(Data(all.utf8)) == "019f2b9f1af27a53a1f046da7e98af2c179f431e4b5bebb000e74040917a4123")
        let text = Data("a text that comes in two parts, longer than one block of sixty-four bytes".utf8)
        for cut in 0...text.count { #expect(hex(text.prefix(cut), Data(text.dropFirst(cut))) == hex(text)) }
    }
}
