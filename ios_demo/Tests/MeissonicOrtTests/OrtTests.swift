import Foundation
import MeissonicKit
import TestSupport
import Testing

@testable import MeissonicOrt

/// Draws the Android bundle of the 64 px stickers on Python's onnxruntime, and compares the tokens of every step and the picture
/// bytes with Python's.
@Suite(.serialized) struct OrtTests {
    let bundle: ModelBundle
    let library: OrtLibrary

    init() throws {
        bundle = try ModelBundle.open(Repository.android)
        library = try OrtLibrary()
    }

    private func engine(lowMemory: Bool = false) throws -> OrtEngine {
        try OrtEngine(bundle: bundle, library: library, threads: 1, lowMemory: lowMemory)
    }

    @Test func theGoldenTraceIsDrawn() async throws {
        let trace = try #require(try bundle.golden())
        let (tokens, drawing) = try await drawn(trace.request, with: Generator(engine: engine()))
        #expect(tokens == trace.tokens)
        #expect(drawing.tokens == trace.finalTokens)
        #expect(sha256(drawing.picture.pixels) == trace.imageSHA256)
        let generator = try Generator(engine: engine())
        #expect(generator.tokenizer.encode(trace.prompt).ids == trace.promptIDs)
        #expect(generator.tokenizer.encode(trace.negative).ids == trace.negativeIDs)
    }

    @Test func weightsOfFourBitsDrawTheirGoldenTrace() async throws {
        let int4 = try ModelBundle.open(Repository.int4)
        #expect(int4.manifest.graphs["transformer"]?.precision == "int4")
        let trace = try #require(try int4.golden())
        let engine = try OrtEngine(bundle: int4, library: library, threads: 1)
        let (tokens, drawing) = try await drawn(trace.request, with: Generator(engine: engine))
        #expect(tokens == trace.tokens)
        #expect(sha256(drawing.picture.pixels) == trace.imageSHA256)
    }

    struct Run: Decodable {
        let mode: String
        let prompt: String
        let seed: String
        let steps: Int
        let guidance: Double
        let guidance_from: Double
        let guidance_until: Double
        let low_memory: Bool
        let image: [Int32]?
        let image_size: [Int]?
        let mask: [Int32]?
        let strength: Double?
        let margins: [Int]?
        let tokens: [[Int32]]
        let image_sha256: String

        func edit() throws -> Edit? {
            guard let image, let size = image_size else { return nil }
            let picture = Picture(size: Size(width: size[0], height: size[1]), pixels: image.flatMap(rgb))
            if let margins {
                return .outpaint(
                    picture, margins: Margins(left: margins[0], top: margins[1], right: margins[2], bottom: margins[3]))
            }
            if let mask {
                return .inpaint(
                    picture, mask: GrayPicture(size: picture.size, levels: mask.map(luma)), strength: strength ?? 1)
            }
            return .imageToImage(picture, strength: strength)
        }
    }

    @Test func everyDrawingModeGivesPythonsTokensAndPicture() async throws {
        let runs: [Run] = try Repository.json("build/phones/vectors/runs.json")
        #expect(Set(runs.map(\.mode)) == ["text", "image", "inpaint", "outpaint"])
        #expect(Set(runs.map(\.low_memory)) == [false, true])
        for run in runs {
            let generator = try Generator(engine: engine(lowMemory: run.low_memory))
            let seed = try #require(UInt64(run.seed))
            let request = Request(
                run.prompt, seed: seed, steps: run.steps, guidance: run.guidance, edit: try run.edit(),
                guidanceFrom: run.guidance_from, guidanceUntil: run.guidance_until)
            let (tokens, drawing) = try await drawn(request, with: generator)
            #expect(tokens == run.tokens, "\(run.mode) \(run.strength ?? 0)")
            #expect(sha256(drawing.picture.pixels) == run.image_sha256, "\(run.mode) \(run.strength ?? 0)")
        }
    }

    struct SizeRun: Decodable {
        let prompt: String
        let seed: String
        let size: Size
        let tokens: [[Int32]]
        let image_sha256: String
        let encoded: [Int32]
    }

    @Test func oneEngineDrawsEverySizeOfABundleAsPythonDrawsIt() async throws {
        let runs: [SizeRun] = try Repository.json("build/phones/vectors/sizes.json")
        let sizes = try ModelBundle.open(Repository.sizes)
        #expect(Set(sizes.manifest.sizes) == Set(runs.map(\.size)))
        let engine = try OrtEngine(bundle: sizes, library: library, threads: 1)
        let generator = try Generator(engine: engine, keep: true)
        for run in runs {
            let seed = try #require(UInt64(run.seed))
            let (tokens, drawing) = try await drawn(Request(run.prompt, seed: seed, size: run.size), with: generator)
            #expect(tokens == run.tokens, "\(run.size)")
            #expect(sha256(drawing.picture.pixels) == run.image_sha256, "\(run.size)")
            let image = Tensor(drawing.picture.pixels, shape: [run.size.height, run.size.width, 3])
            let encoded = try await engine.run("image_encoder", on: ["image": image])
            #expect(encoded["tokens"]?.values == .int32(run.encoded), "\(run.size)")
            await engine.close("transformer")
            try await engine.open("transformer", for: settle(Request("any", size: run.size), sizes.manifest))
        }
        let odd = Tensor([Int32](repeating: 0, count: 9), shape: [3, 3])
        #expect(
            await line { _ = try await engine.run("image_decoder", on: ["tokens": odd]) }
                == "graph image_decoder has no function for height 3, width 3: export the bundle for this size")
    }

    struct StudentRun: Decodable {
        let prompt: String
        let seed: String
        let steps: Int
        let tokens: [[Int32]]
        let image_sha256: String
    }

    @Test func aStudentDrawsInOnePassAndInSeveralWhatPythonDraws() async throws {
        let runs: [StudentRun] = try Repository.json("build/phones/vectors/students.json")
        let engine = try OrtEngine(bundle: ModelBundle.open(Repository.student), library: library, threads: 1)
        let generator = try Generator(engine: engine, keep: true)
        for run in runs {
            let seed = try #require(UInt64(run.seed))
            let (tokens, drawing) = try await drawn(Request(run.prompt, seed: seed, steps: run.steps), with: generator)
            #expect(tokens == run.tokens)
            #expect(sha256(drawing.picture.pixels) == run.image_sha256)
        }
    }

    @Test func aRunIsEndedInTheMiddleAndTheNextOneIsWhole() async throws {
        let generator = try Generator(engine: engine())
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await generator.draw(Request("a red cat", steps: 1000)) { event in
                if case .step = event { signal.yield() }
            }
        }
        for await _ in reached { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        _ = try await generator.draw(Request("a red cat", steps: 1))
    }

    @Test func aTerminatedRunIsACancellation() async throws {
        let engine = try engine()
        let ids = Tensor(
            [Int32](repeating: 0, count: bundle.manifest.model.textLength),
            shape: [1, bundle.manifest.model.textLength])
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await engine.run("text_encoder", on: ["input_ids": ids])
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    private func line(_ work: () async throws -> Void) async -> String {
        do { try await work() } catch { return "\(error)" }
        return "nothing was thrown"
    }

    @Test func tensorsUnlikeTheManifestAreRefused() async throws {
        let engine = try engine()
        let wrong = Tensor([Int32](repeating: 0, count: 5), shape: [1, 5])
        #expect(
            await line { _ = try await engine.run("text_encoder", on: ["input_ids": wrong]) }
                == "graph text_encoder: input_ids would be int32 [1, 5], the manifest says int32 [rows, 24]: "
                + "the bundle's graphs do not fit together, export it again")
        #expect(await line { _ = try await engine.run("text_encoder", on: [:]) }.contains("no graph gave 'input_ids'"))
    }

    @Test func invalidGraphsAndGraphsWithOtherTensorsAreNamed() async throws {
        let folder = try Repository.damageable()
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let manifest = try ModelBundle.readManifest(folder)
        let file = folder.appendingPathComponent("text_encoder.onnx")
        let engine = try OrtEngine(bundle: ModelBundle(folder: folder, manifest: manifest), library: library)
        try Data("no graph".utf8).write(to: file)
        let settings = try settle(Request("a red cat"), manifest)
        let broken = await line { try await engine.open("text_encoder", for: settings) }
        #expect(broken.hasPrefix("onnxruntime \(library.version) cannot open \(file.path): ") && !broken.contains("\n"))
        try FileManager.default.removeItem(at: file)
        try FileManager.default.copyItem(at: folder.appendingPathComponent("image_decoder.onnx"), to: file)
        #expect(
            await line { try await engine.open("text_encoder", for: settings) }
                == "text_encoder.onnx has inputs tokens, unlike the manifest: export the bundle again")
    }

    @Test func aMissingLibraryAndABundleOfAnotherEngineAreNamed() async throws {
        #expect(
            await line { _ = try OrtLibrary(path: "/nowhere.so") }
                == "cannot open onnxruntime's library /nowhere.so: set MEISSONIC_ONNXRUNTIME to the libonnxruntime.so of a wheel"
        )
        let iphone = try ModelBundle(folder: Repository.iphone, manifest: ModelBundle.readManifest(Repository.iphone))
        #expect(
            await line { _ = try OrtEngine(bundle: iphone, library: library) }
                == "\(Repository.iphone.path) holds Core ML packages: onnxruntime runs ONNX graphs")
    }
}

private func rgb(_ argb: Int32) -> [UInt8] {
    [16, 8, 0].map { UInt8(truncatingIfNeeded: UInt32(bitPattern: argb) >> $0) }
}
