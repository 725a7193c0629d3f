import Foundation
import MeissonicKit
import MeissonicStore
import TestSupport
import Testing

@testable import MeissonicStudio
@testable import PictureFiles

/// What a person does with the app, on the real onnxruntime.
@MainActor @Suite(.serialized) struct AppModelTests {
    /// An app with the files of a folder, as a launch makes it.
    private struct Phone {
        let folder: URL
        let app: AppModel

        @MainActor init(in folder: URL? = nil, resource: URL? = Repository.android) throws {
            let folder = try folder ?? Repository.temporaryFolder()
            self.folder = folder
            app = AppModel(
                home: folder.appendingPathComponent("home"), documents: folder.appendingPathComponent("documents"),
                resource: resource, maker: try OrtMaker()
            ) { try? PNG($0).picture }
        }

        /// With the app's model, and a form that is drawn in a moment.
        @MainActor static func ready() async throws -> Phone {
            let phone = try Phone()
            await phone.app.shelf.look()
            phone.app.installBundled()
            await phone.app.shelf.finish()
            phone.app.draft.steps = "2"
            return phone
        }

        @MainActor func settle() async {
            await app.finish()
            await app.studio.finish()
        }

        /// Draws, and returns the newest picture.
        @MainActor func drawn() async throws -> Drawn {
            app.draw()
            await settle()
            return try #require(app.shown)
        }

        @MainActor func bytes(_ drawn: Drawn) throws -> Data { try Data(contentsOf: app.gallery.file(drawn)) }

        func close() { try? FileManager.default.removeItem(at: folder) }
    }

    private func photo(_ level: UInt8 = 128) throws -> Data {
        try Picture(size: Size(width: 20, height: 10), pixels: [UInt8](repeating: level, count: 600)).png(nil)
    }

    // MARK: - The first launch

    @Test func theModelOfTheAppDrawsAfterTwoTaps() async throws {
        let phone = try Phone()
        defer { phone.close() }
        let app = phone.app
        #expect(!app.shelf.isRead && !app.canDraw)
        await app.shelf.look()
        #expect(app.shelf.isRead && app.shelf.model == nil && app.shelf.bundled != nil && !app.canDraw)
        app.installBundled()
        await app.shelf.finish()
        let model = try #require(app.shelf.model)
        _ = try ModelBundle.open(model.bundle.folder)  // every hash
        #expect(model.bundle.folder.path.hasPrefix(phone.folder.path) && app.shelf.bundled == nil)
        app.draft.steps = "2"
        let drawn = try await phone.drawn()
        #expect(drawn.settings.prompt == AppModel.example && app.problem == nil)
        // Once it is deleted, the app offers it again.
        app.remove(model)
        await app.finish()
        #expect(app.shelf.model == nil && app.shelf.bundled != nil)
    }

    @Test func aTypedPromptStaysWhenTheModelIsInstalled() async throws {
        let phone = try Phone()
        defer { phone.close() }
        await phone.app.shelf.look()
        phone.app.draft.prompt = "a red car"
        phone.app.installBundled()
        await phone.app.shelf.finish()
        #expect(phone.app.draft.prompt == "a red car")
    }

    @Test func aDamagedModelOfTheAppIsReportedAndNotInstalled() async throws {
        let (copy, _) = try Repository.damaged()
        defer { try? FileManager.default.removeItem(at: copy.deletingLastPathComponent()) }
        let phone = try Phone(resource: copy)
        defer { phone.close() }
        await phone.app.shelf.look()
        phone.app.installBundled()
        await phone.app.shelf.finish()
        #expect(phone.app.shelf.trouble?.kind == .bundle && phone.app.shelf.models.isEmpty)
        #expect(phone.app.shelf.bundled != nil)
    }

    @Test func anAppWithoutAModelOffersNone() async throws {
        for resource in [nil, try Repository.temporaryFolder()] {
            let phone = try Phone(resource: resource)
            defer { phone.close() }
            await phone.app.shelf.look()
            #expect(phone.app.shelf.isRead && phone.app.shelf.bundled == nil && phone.app.shelf.model == nil)
        }
    }

    // MARK: - Pictures of others

    @Test func theSettingsOfAPickedPictureFillTheFormAndDrawItAgain() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let app = phone.app
        (app.draft.prompt, app.draft.negative, app.draft.guidance) = ("a red cat", "a dog", "3,5")
        let first = try await phone.drawn()
        app.draft = Draft()
        app.pick(try phone.bytes(first))
        await app.finish()
        #expect(app.picked?.size == first.settings.size && app.draft.mode == .redraw && app.draft.prompt.isEmpty)
        let offer = try #require(app.offer)
        #expect(app.hasOffer && offer.sameModel && offer.settings.prompt == "a red cat")
        app.takeOffer()
        #expect(!app.hasOffer && app.draft.mode == .text && app.draft.seed == String(first.settings.seed))
        let second = try await phone.drawn()
        #expect(second.id != first.id && second.settings == first.settings)
        #expect(try PNG(phone.bytes(second)).picture == PNG(phone.bytes(first)).picture)
    }

    @Test func aPictureOfAnotherModelSaysSoAndARefusedOfferChangesNothing() async throws {
        let phone = try Phone(resource: nil)
        defer { phone.close() }
        let app = phone.app
        app.draft.prompt = "mine"
        let other = try PictureSettings(
            Request("theirs"), settle(Request("theirs"), ModelBundle.readManifest(Repository.android)),
            ModelBundle(folder: Repository.android, manifest: ModelBundle.readManifest(Repository.android)))
        app.pick(try Picture(size: Size(width: 4, height: 4), pixels: [UInt8](repeating: 9, count: 48)).png(other))
        await app.finish()
        #expect(app.offer == AppModel.Offer(settings: other, sameModel: false))
        app.hasOffer = false
        #expect(app.offer == nil && app.draft.prompt == "mine" && app.draft.mode == .redraw)
        // An offer ends with its picture.
        app.pick(try Picture(size: Size(width: 4, height: 4), pixels: [UInt8](repeating: 9, count: 48)).png(other))
        app.pick(try photo())
        await app.finish()
        #expect(app.offer == nil && app.picked?.size == Size(width: 20, height: 10))
    }

    @Test func aPhotoIsDrawnOnAndHasNoSettings() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let app = phone.app
        app.draft.strokes = [.everything]
        app.pick(try photo())
        await app.finish()
        #expect(app.offer == nil && app.draft.mode == .redraw && app.draft.strokes.isEmpty)
        app.draft.mode = .extend
        app.pick(try photo())
        await app.finish()
        #expect(app.draft.mode == .extend)
        app.draft.fit = .stretch
        let drawn = try await phone.drawn()
        let made = try #require(PNG.settings(in: phone.bytes(drawn)))
        #expect(made.mode == .outpaint && made.fit == .stretch && made.compose == true)
    }

    @Test func anUnreadablePictureIsReportedAndTheOneBeforeStays() async throws {
        let phone = try Phone()
        defer { phone.close() }
        phone.app.pick(try photo())
        phone.app.pick(Data("no picture".utf8))
        await phone.app.finish()
        #expect(phone.app.problem == .unreadablePicture && phone.app.picked != nil)
        #expect(phone.app.hasProblemOnScreen && !phone.app.hasProblemInSheet)
        phone.app.showsOptions = true
        #expect(!phone.app.hasProblemOnScreen && phone.app.hasProblemInSheet)
        phone.app.hasProblemInSheet = false
        #expect(phone.app.problem == nil)
        phone.app.open(phone.folder.appendingPathComponent("gone.png"))
        await phone.app.finish()
        guard case .failed = phone.app.problem else {
            Issue.record("\(String(describing: phone.app.problem))")
            return
        }
    }

    @Test func aSharedPictureBecomesTheStartAndTheSystemsCopyIsRemoved() async throws {
        let phone = try Phone()
        defer { phone.close() }
        let app = phone.app
        let inbox = phone.folder.appendingPathComponent("documents/Inbox")
        try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
        let files = [inbox.appendingPathComponent("copy.png"), phone.folder.appendingPathComponent("theirs.png")]
        for file in files {
            try photo().write(to: file)
            app.path = [.history]
            await confirmation { read in
                app.open(file) { read() }
                await app.finish()
            }
            #expect(app.picked?.size == Size(width: 20, height: 10) && app.draft.mode == .redraw && app.path.isEmpty)
        }
        #expect(files.map { FileManager.default.fileExists(atPath: $0.path) } == [false, true])
    }

    @Test func formAndPictureOutliveTheApp() async throws {
        let phone = try Phone()
        defer { phone.close() }
        phone.app.draft.prompt = "a red cat"
        phone.app.pick(try photo(7))
        await phone.app.finish()
        let again = try Phone(in: phone.folder)
        await again.app.finish()
        #expect(again.app.draft == phone.app.draft && again.app.draft.prompt == "a red cat")
        #expect(again.app.picked == phone.app.picked && again.app.picked?.pixels.first == 7)
    }

    // MARK: - The history

    @Test func aPictureIsDrawnAgainWithAnotherSeedAndFourMoreFollowIt() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let app = phone.app
        (app.draft.prompt, app.draft.seed) = ("a red cat", "7")
        let first = try await phone.drawn()
        app.draft = Draft()
        app.path = [.history, .picture(first)]
        app.drawAgain(first)
        await phone.settle()
        let again = try #require(app.shown)
        #expect(again.settings.prompt == "a red cat" && again.settings.steps == 2 && again.settings.seed != 7)
        #expect(app.path.isEmpty && app.draft.seed.isEmpty)
        app.drawMore(like: first)
        await phone.settle()
        #expect(app.gallery.entries.prefix(4).map(\.settings.seed) == [11, 10, 9, 8])
        app.drawMore()  // than the newest one
        await phone.settle()
        #expect(app.gallery.entries.prefix(4).map(\.settings.seed) == [15, 14, 13, 12])
        #expect(app.gallery.entries.count == 10)
    }

    @Test func aPictureDrawnOnAnotherNeedsItAgainSoItsFormIsShown() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let app = phone.app
        app.pick(try photo())
        (app.draft.strength, app.draft.fit) = (35, .pad)
        let first = try await phone.drawn()
        app.draft = Draft()
        app.drawAgain(first)
        await phone.settle()
        #expect(app.gallery.entries == [first] && app.showsOptions)
        #expect(app.draft.mode == .redraw && app.draft.strength == 35 && app.draft.fit == .pad)
    }

    @Test func aPictureOfTheHistoryIsDrawnOn() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let app = phone.app
        let first = try await phone.drawn()
        app.draft = Draft()
        app.path = [.history]
        app.drawOn(first)
        await app.finish()
        #expect(app.picked == (try PNG(phone.bytes(first)).picture) && app.path.isEmpty)
        #expect(app.draft.mode == .redraw && app.draft.prompt == AppModel.example)
        app.path = [.history, .picture(first)]
        app.delete(first)
        #expect(app.shown == nil && app.path == [.history])
        app.use(first)
        await app.finish()
        #expect(app.problem != nil)
    }

    @Test func aFileThatDoesNotSayWhatMadeItIsReported() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let drawn = try await phone.drawn()
        try photo().write(to: phone.app.gallery.file(drawn))
        phone.app.draft.prompt = "mine"
        phone.app.use(drawn)
        await phone.app.finish()
        #expect(phone.app.problem == .noSettings && phone.app.draft.prompt == "mine")
    }

    // MARK: - The sheet

    @Test func theSheetOpensAtAWrongFieldInIt() async throws {
        let phone = try await Phone.ready()
        defer { phone.close() }
        let app = phone.app
        app.draft.prompt = ""
        app.draw()
        await phone.settle()
        #expect(app.wrong == .prompt && !app.showsOptions)
        (app.draft.prompt, app.draft.mode) = ("a red cat", .redraw)
        app.draw()
        await phone.settle()
        #expect(app.wrong == .picture && app.showsOptions)
        app.pick(try photo())
        await app.finish()
        #expect(app.wrong == nil)
        app.showsOptions = false
        _ = try await phone.drawn()
        #expect(app.wrong == nil && !app.showsOptions)
    }
}
