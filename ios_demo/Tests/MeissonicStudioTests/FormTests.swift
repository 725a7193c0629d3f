import Foundation
import MeissonicKit
import TestSupport
import Testing

@testable import MeissonicStudio

@Suite struct FormTests {
    private let manifest: Manifest
    private let grey = Picture(size: Size(width: 200, height: 100), pixels: [UInt8](repeating: 128, count: 60000))

    init() throws { manifest = try ModelBundle.readManifest(Repository.android) }

    private func draft(_ change: (inout Draft) -> Void = { _ in }) -> Draft {
        var draft = Draft()
        draft.prompt = "a cat"
        change(&draft)
        return draft
    }

    private func checked(_ draft: Draft, _ picture: Picture?) async -> Checked {
        await draft.checked(for: manifest, anySeed: 5, picture: picture)
    }

    private func request(_ change: (inout Draft) -> Void = { _ in }) async throws -> Request {
        guard case .fit(let request) = await checked(draft(change), grey) else { throw UserError.request("unfit") }
        return request
    }

    @Test func blankFieldsMeanTheModelsDefaultsAndAnySeed() async throws {
        let request = try await request()
        let defaults = manifest.defaults
        #expect(
            request
                == Request(
                    "a cat", seed: 5, steps: defaults.steps, guidance: defaults.guidance, size: defaults.size))
    }

    @Test func theFirstWrongFieldIsNamed() async throws {
        let cases: [(Field, Draft, Picture?)] = [
            (.prompt, draft { ($0.prompt, $0.seed) = (" \n", "x") }, grey),
            (.seed, draft { $0.seed = "18446744073709551616" }, grey),
            (.steps, draft { $0.steps = "1001" }, grey),
            (.steps, draft { $0.steps = "99999999999999999999" }, grey),
            (.guidance, draft { $0.guidance = "-1" }, grey),
            (.guidance, draft { $0.guidance = "nan" }, grey),
            (.picture, draft { $0.mode = .redraw }, nil),
            (.mask, draft { $0.mode = .repaint }, grey),
            (.sides, draft { ($0.mode, $0.sides) = (.extend, []) }, grey),
        ]
        for (field, draft, picture) in cases {
            #expect(await checked(draft, picture) == .unfit(field))
        }
    }

    @Test(arguments: [[Side.left, .right], [.top], Side.allCases])
    func aPictureOfOneTokenHasNoRoomForMargins(sides: [Side]) async throws {
        let data = try Data(contentsOf: Repository.android.appendingPathComponent(ModelBundle.manifestName))
        var json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var model = try #require(json["model"] as? [String: Any])
        var defaults = try #require(json["defaults"] as? [String: Any])
        model["compression"] = 1
        (json["sizes"], defaults["size"]) = ([[4, 4]], [4, 4])
        (json["model"], json["defaults"]) = (model, defaults)
        let tiny = try ModelBundle.readManifest(JSONSerialization.data(withJSONObject: json), named: "manifest")
        let draft = draft { ($0.mode, $0.sides) = (.extend, Set(sides)) }
        #expect(await draft.checked(for: tiny, anySeed: 5, picture: grey) == .unfit(.sides))
    }

    @Test func aCommaIsADecimalPointAndSpaceIsNothing() async throws {
        #expect(try await request { $0.guidance = " 2,5" }.guidance == 2.5)
        #expect(try await request { $0.seed = "1 000 " }.seed == 1000)
    }

    @Test func eachModeBecomesItsEdit() async throws {
        #expect(try await request().edit == nil)
        let size = manifest.defaults.size
        guard case .imageToImage(let picture, strength: 0.6) = try await request({ $0.mode = .redraw }).edit else {
            Issue.record("no image-to-image")
            return
        }
        #expect(picture.size == size && picture.pixels.allSatisfy { $0 == 128 })
        let stroke = Stroke([Stroke.Point(x: 0.5, y: 0.5)], radius: 0.25)
        let repaint = try await request { ($0.mode, $0.strokes) = (.repaint, [stroke]) }.edit
        guard case .inpaint(_, let mask, strength: 1) = repaint else {
            Issue.record("no inpainting")
            return
        }
        #expect(mask == paint([stroke], size: size))
        guard case .outpaint(let inner, let margins) = try await request({ $0.mode = .extend }).edit else {
            Issue.record("no outpainting")
            return
        }
        #expect(margins == Margins(left: 16, top: 0, right: 16, bottom: 0))
        #expect(inner.size == Size(width: 32, height: 64))
    }

    @Test func aModelThatDrawsFromTextOnlyDrawsFromText() async throws {
        let data = try Data(contentsOf: Repository.android.appendingPathComponent(ModelBundle.manifestName))
        var json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var graphs = try #require(json["graphs"] as? [String: Any])
        graphs["image_encoder"] = nil
        json["graphs"] = graphs
        let plain = try ModelBundle.readManifest(JSONSerialization.data(withJSONObject: json), named: "manifest")
        guard case .fit(let request) = await draft({ $0.mode = .extend }).checked(for: plain, anySeed: 5, picture: grey)
        else {
            Issue.record("unfit")
            return
        }
        #expect(request.edit == nil)
    }

    @Test func marginsAreWholeTokensAndFillTheSizeForAnySides() {
        for size in [Size(width: 64, height: 64), Size(width: 1024, height: 768), Size(width: 48, height: 80)] {
            for bits in 1..<16 {
                let sides = Set(Side.allCases.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element))
                let margins = Margins(extending: sides, of: size, tokenSize: 4)
                let all = [margins.left, margins.top, margins.right, margins.bottom]
                #expect(sides == Set(zip(Side.allCases, all).filter { $1 > 0 }.map(\.0)))
                #expect(all.allSatisfy { $0 % 4 == 0 })
                let left = size.inside(margins)
                #expect(left.width >= size.width / 3 && left.height >= size.height / 3)
            }
        }
    }

    /// Every mode of settings becomes a form that gives the same request again.
    @Test func settingsOfAPictureFillTheForm() async throws {
        let bundle = ModelBundle(folder: Repository.android, manifest: manifest)
        let picture = grey.fitted(to: manifest.defaults.size, .pad)
        let mask = GrayPicture(size: picture.size, levels: [UInt8](repeating: 255, count: 64 * 64))
        let margins = Margins(left: 16, top: 0, right: 16, bottom: 0)
        let inner = picture.fitted(to: manifest.defaults.size.inside(margins), .pad)
        let edits: [(Edit?, Mode)] = [
            (nil, .text), (.imageToImage(picture, strength: 0.35), .redraw),
            (.inpaint(picture, mask: mask, strength: 0.75), .repaint), (.outpaint(inner, margins: margins), .extend),
        ]
        for (edit, mode) in edits {
            let request = Request(
                "a cat", negative: "a dog", seed: .max, steps: 9, guidance: 3.25, size: manifest.defaults.size, edit: edit,
                fit: .pad, compose: false, guidanceFrom: 0.25, guidanceUntil: 0.75)
            let made = try PictureSettings(request, settle(request, manifest), bundle)
            var draft = Draft()
            draft.strokes = [.everything]
            draft.take(try #require(PictureSettings(json: made.json())))
            #expect(draft.mode == mode && !draft.guidesEveryStep)
            guard case .fit(let again) = await checked(draft, picture) else {
                Issue.record("\(mode) is unfit")
                continue
            }
            #expect(try PictureSettings(again, settle(again, manifest), bundle) == made)
            draft.guideEveryStep()
            #expect(draft.guidesEveryStep)
        }
    }

    @Test func settingsOutOfRangeLeaveAFormThatIsKeptAndCorrected() async throws {
        let bundle = ModelBundle(folder: Repository.android, manifest: manifest)
        let made = try PictureSettings(Request("a cat"), settle(Request("a cat"), manifest), bundle)
        var json = try #require(try JSONSerialization.jsonObject(with: made.json()) as? [String: Any])
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        func taken(_ changes: [String: Any]) throws -> Draft {
            json.merge(changes) { $1 }
            var draft = Draft()
            draft.take(try #require(PictureSettings(json: JSONSerialization.data(withJSONObject: json))))
            let kept = Kept<Draft>(folder.appendingPathComponent("draft.json"))
            try kept.save(draft)
            #expect(kept.load() == draft)
            return draft
        }
        #expect(try taken(["size": [1 << 40, -3]]).size == nil)
        #expect(try taken(["mode": "image", "strength": 1e300]).strength == 100)
        #expect(try taken(["strength": -1e300]).strength == 1)
        #expect(try taken(["mode": "outpaint", "margins": [-1, 0, 0, 0]]).sides.isEmpty)
        #expect(await checked(try taken(["mode": "text", "steps": -5]), nil) == .unfit(.steps))
    }

    @Test func theSheetShowsWhatChangesTheDrawing() throws {
        func options(_ mode: Mode, _ manifest: Manifest) -> [[Option]] {
            draft { $0.mode = mode }.options(for: manifest)
        }
        let values: [Option] = [.negative, .steps, .guidance, .seed]
        #expect(options(.text, manifest) == [[.mode], values, [.preview, .unit]])
        #expect(options(.redraw, manifest)[0] == [.mode, .picture, .fit, .strength])
        #expect(options(.repaint, manifest)[0] == [.mode, .picture, .fit, .mask, .strength, .compose])
        #expect(options(.extend, manifest)[0] == [.mode, .picture, .fit, .sides, .compose])
        let sizes = try ModelBundle.readManifest(Repository.sizes)
        #expect(sizes.sizes.count > 1)
        #expect(options(.text, sizes).joined().contains(.size))
    }

    @Test func aStrokeIsRoundAndErasingRemovesIt() {
        let size = Size(width: 100, height: 50)
        func area(_ strokes: [Stroke]) -> Int { paint(strokes, size: size).levels.count { $0 == 255 } }
        let dot = Stroke([Stroke.Point(x: 0.5, y: 0.5)], radius: 0.2)  // 10 pixels
        #expect(abs(area([dot]) - 314) <= 6)
        let line = Stroke([Stroke.Point(x: 0.3, y: 0.5), Stroke.Point(x: 0.7, y: 0.5)], radius: 0.2)
        #expect(abs(area([line]) - (314 + 40 * 20)) <= 20)
        #expect(area([line, Stroke(line.points, radius: line.radius, erases: true)]) == 0)
        #expect(area([.everything]) == 5000)
        #expect(area([Stroke([Stroke.Point(x: -5, y: 9)], radius: 0.1)]) == 0)
    }

    @Test func theMiddleOfAPictureIsTaken() {
        // Red, green and blue thirds; the middle square is only green.
        let thirds: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
        let pixels = (0..<10).flatMap { _ in thirds.flatMap { colour in (0..<10).flatMap { _ in colour } } }
        let wide = Picture(size: Size(width: 30, height: 10), pixels: pixels)
        let green = wide.fitted(to: Size(width: 20, height: 20))
        #expect(green.size == Size(width: 20, height: 20))
        #expect(stride(from: 0, to: green.pixels.count, by: 3).allSatisfy { Array(green.pixels[$0..<$0 + 3]) == thirds[1] })
        #expect(wide.fitted(to: wide.size) == wide)
        #expect(wide.fitted(to: Size(width: 1, height: 64)).size == Size(width: 1, height: 64))
    }
}
