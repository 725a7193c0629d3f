import Foundation
import MeissonicKit
import PictureFiles
import TestSupport
import Testing

/// The program as a person runs it.
@Suite(.serialized) struct CommandTests {
    private struct Outcome {
        let code: Int32
        let out: String
        let err: String
    }

    private func process(_ arguments: [String], in folder: URL) -> (Process, out: Pipe, err: Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("meissonic")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let (out, err) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (out, err)
        return (process, out, err)
    }

    private func run(_ arguments: String..., in folder: URL = Repository.root) throws -> Outcome {
        try run(arguments, in: folder)
    }

    private func run(_ arguments: [String], in folder: URL) throws -> Outcome {
        let (process, out, err) = process(arguments, in: folder)
        try process.run()
        let texts = [out, err].map { String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
        process.waitUntilExit()
        return Outcome(code: process.terminationStatus, out: texts[0], err: texts[1])
    }

    @Test func aPictureIsDrawnEditedAndTimed() throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let cat = try run(
            "a red cat", "--bundle", Repository.android.path, "--seed=7", "--steps", "4", "--preview", "2", "--out",
            "cat.png",
            in: folder)
        #expect(cat.code == 0 && cat.err == "")
        #expect(cat.out.hasPrefix("cat.png: 64x64, 4 steps, seed 7 (text_encoder ") && cat.out.contains(", steps "))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["cat.png", "cat.step002.png"])
        let edited = try run(
            "a sun", "--bundle", Repository.android.path, "--image", "cat.png", "--strength", "0.5", "--steps", "4",
            "--out",
            "sun.png", in: folder)
        #expect(edited.code == 0 && edited.out.contains("image_encoder "))
        let sun = try PNG(contentsOf: folder.appendingPathComponent("sun.png")).picture
        #expect(try PNG(contentsOf: folder.appendingPathComponent("cat.png")).picture != sun)
    }

    @Test func severalPicturesHaveConsecutiveSeedsAndOneIsDrawnAgain() throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let common = ["--bundle", Repository.android.path, "--out", "cat.png"]
        let drawn = try run(
            ["a red cat", "--negative", "a ☾", "--steps", "2", "--seed", "5", "--count", "3", "--grid"] + common,
            in: folder)
        #expect(drawn.code == 0 && drawn.err == "")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["cat-1.png", "cat-2.png", "cat-3.png", "cat-grid.png"])
        let third = try PNG(contentsOf: folder.appendingPathComponent("cat-3.png"))
        #expect(third.settings?.seed == 7)
        let grid = try PNG(contentsOf: folder.appendingPathComponent("cat-grid.png")).picture
        #expect(grid.size == Size(width: 128, height: 128))
        #expect(Array(grid.pixels[3 * 64 * 128..<3 * (64 * 128 + 64)]) == Array(third.picture.pixels[..<(3 * 64)]))
        let again = try run(["--from", "cat-3.png"] + common, in: folder)
        #expect(again.code == 0 && again.err == "")
        let copy = try PNG(contentsOf: folder.appendingPathComponent("cat.png"))
        #expect(copy.picture == third.picture && copy.settings == third.settings)
    }

    @Test func aPhotoOfAnySizeIsFittedAndItsEditIsDrawnAgain() throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let photo = Picture(size: Size(width: 50, height: 21), pixels: (0..<50 * 21 * 3).map { UInt8($0 % 251) })
        try photo.writePNG(to: folder.appendingPathComponent("photo.png"))
        let (common, image) = (["--bundle", Repository.android.path], ["--image", "photo.png"])
        let edit = ["a red cat", "--steps", "2", "--extend", "16", "0", "16", "4", "--fit", "stretch", "--out", "a.png"]
        #expect(try run(edit + image + common, in: folder).code == 0)
        let drawn = try PNG(contentsOf: folder.appendingPathComponent("a.png")).picture
        let inside = photo.fitted(to: Size(width: 32, height: 60), .stretch)
        for y in 0..<60 {
            let begin = 3 * (64 * y + 16)
            #expect(Array(drawn.pixels[begin..<begin + 96]) == Array(inside.pixels[96 * y..<96 * (y + 1)]))
        }
        let missing = try run(["--from", "a.png"] + common, in: folder)
        #expect(missing.code == 2)
        #expect(missing.err == "error: a.png was drawn on another picture: add it with --image FILE\n")
        #expect(try run(["--from", "a.png", "--out", "b.png"] + image + common, in: folder).code == 0)
        #expect(try PNG(contentsOf: folder.appendingPathComponent("b.png")).picture == drawn)
    }

    @Test func theCutEndOfThePromptIsReported() throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let prompt = String(repeating: "a red cat ", count: 20)
        let long = try run(prompt, "--bundle", Repository.android.path, "--steps", "1", in: folder)
        #expect(long.code == 0 && long.err.hasPrefix("warning: the prompt is too long, this was cut off: \""))
    }

    @Test(arguments: [
        (["a", "--seed", "-1"], "seed -1 is out of range: give 0 to 18446744073709551615"),
        (["a", "--steps", "many"], "argument --steps: invalid int value: 'many' (see meissonic --help)"),
        (["a", "--size", "64"], "argument --size: expected an argument (see meissonic --help)"),
        (["a", "--colour", "red"], "unrecognized arguments: --colour (see meissonic --help)"),
        ([], "the following arguments are required: prompt (see meissonic --help)"),
        (["a", "--count", "0"], "--count 0 is out of range: give 1 to 1000"),
        (
            ["a", "--count", "2", "--seed", "18446744073709551615"],
            "seed 18446744073709551615 has no 1 seeds after it: give a smaller one"
        ),
        (["a", "--fit", "pad"], "--fit needs a picture: add --image FILE"),
        (["a", "--no-compose"], "--no-compose needs a picture: add --image FILE"),
        (["a", "--grid"], "--grid shows several pictures: add --count N"),
        (
            ["a", "--fit", "squeeze"],
            "argument --fit: invalid choice: 'squeeze' (choose from crop, pad, stretch) (see meissonic --help)"
        ),
        (["--from", "/nowhere.png"], "/nowhere.png does not exist: check the path"),
        (["a", "--mask", "m.png"], "--mask needs a picture: add --image FILE"),
        (
            ["a", "--image", "i.png", "--extend", "1", "2", "3", "4", "--strength", "1"],
            "--extend paints the margins alone: leave out --mask and --strength"
        ),
        (["a", "--out", "picture.jpg"], "--out picture.jpg is not a PNG name: end it in .png"),
        (
            ["a", "--image", "i.png", "--out", "./i.png"],
            "--out would replace i.png, which --image reads: name another file"
        ),
        (["a", "--threads", "-1"], "--threads -1 is out of range: give 1 to 256, or 0 for every core"),
        (["a", "--threads", "100000"], "--threads 100000 is out of range: give 1 to 256, or 0 for every core"),
        (["a", "--preview", "-1"], "--preview -1 is negative: give 0 or more"),
        (["a", "--steps", "0", "--bundle", Repository.android.path], "steps 0 is out of range: give 1 to 1000"),
    ])
    func wrongInputIsOneLineAndExitCode2(arguments: [String], line: String) throws {
        let (process, out, err) = process(arguments, in: Repository.root)
        try process.run()
        let text = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(text == "error: \(line)\n")
        #expect(out.fileHandleForReading.readDataToEndOfFile().isEmpty)
    }

    @Test func aMissingBundleIsNamed() throws {
        let outcome = try run("a", "--bundle", "/nowhere")
        #expect(outcome.code == 2 && outcome.err.hasPrefix("error: /nowhere is not a bundle: it has no manifest.json"))
    }

    @Test func interruptingStopsWithoutAPicture() throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let arguments = ["a", "--bundle", Repository.android.path, "--steps", "1000", "--preview", "1"]
        let (process, _, err) = process(arguments, in: folder)
        try process.run()
        let preview = folder.appendingPathComponent("picture.step001.png").path
        while process.isRunning, !FileManager.default.fileExists(atPath: preview) { usleep(10_000) }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let text = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text == "stopped: no picture was written\n")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.allSatisfy { $0.hasPrefix("picture.step") && $0.hasSuffix(".png") })
    }
}
