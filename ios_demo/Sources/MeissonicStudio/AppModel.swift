import Foundation
import MeissonicKit
import MeissonicStore
import Observation
import PictureFiles

/// What the screens show, and their actions, without the views.
@MainActor @Observable public final class AppModel {
    /// A screen over the one that draws.
    public enum Screen: Sendable, Hashable {
        case history, model, benchmark
        case picture(Drawn)
    }

    /// A failure outside drawing.
    public enum Problem: Sendable, Equatable {
        case unreadablePicture
        /// A picture does not say what made it.
        case noSettings
        /// With one line that says why.
        case failed(String)
    }

    /// The settings in a picture's file, for the form.
    public struct Offer: Sendable, Equatable {
        public let settings: PictureSettings
        /// Whether the chosen model drew it, so that it draws it again.
        public let sameModel: Bool
    }

    /// A prompt that the model of the app draws well.
    public static let example = "a purple cat wearing a hat"

    public let gallery: Gallery
    public let studio: Studio
    public let shelf: Shelf
    public let bench: Bench
    public var draft: Draft
    /// The screens over the one that draws.
    public var path: [Screen] = []
    public var showsOptions = false
    /// The chosen picture to draw on.
    public private(set) var picked: Picture?
    public private(set) var offer: Offer?
    /// The field to correct.
    public private(set) var wrong: Field?
    public var problem: Problem?
    private var checking = false
    @ObservationIgnored private let maker: any EngineMaker
    @ObservationIgnored private let decode: @Sendable (Data) -> Picture?
    @ObservationIgnored private let keptDraft: Kept<Draft>
    @ObservationIgnored private let pickedFile: URL
    @ObservationIgnored private let inbox: URL
    @ObservationIgnored private var job: Task<Void, Never>?

    /// `home` holds the app's own files, `documents` those that a person sees, `resource` the model that comes with the app.
    /// `decode` reads a picture of any format.
    public init(
        home: URL, documents: URL, resource: URL?, maker: any EngineMaker, decode: @escaping @Sendable (Data) -> Picture?
    ) {
        self.maker = maker
        self.decode = decode
        gallery = Gallery(folder: home.appendingPathComponent("gallery"))
        let studio = Studio(gallery: gallery, folder: home.appendingPathComponent("studio"), maker: maker)
        self.studio = studio
        let store = ModelStore(folder: home.appendingPathComponent("models"), for: maker.kinds)
        shelf = Shelf(store: store, file: home.appendingPathComponent("shelf.json"), resource: resource) {
            await studio.forget($0)
        }
        bench = Bench(file: documents.appendingPathComponent("benchmark.json"), maker: maker)
        keptDraft = Kept(home.appendingPathComponent("draft.json"))
        draft = keptDraft.load() ?? Draft()
        pickedFile = home.appendingPathComponent("picked.png")
        inbox = documents.appendingPathComponent("Inbox")
        if FileManager.default.fileExists(atPath: pickedFile.path) {
            run { [self] in picked = try await picture(in: pickedFile) }
        }
    }

    // MARK: - What the screens show

    /// Whether work runs. Then the screen stays on, because the system stops an app in the background, and models stay unchanged.
    public var isBusy: Bool { isDrawing || shelf.arriving != nil || bench.isRunning }

    public var canDraw: Bool { shelf.model != nil && !isDrawing && !bench.isRunning }

    /// The picture in the middle: the newest one.
    public var shown: Drawn? { gallery.entries.first }

    /// Whether the screen says what failed; set to false when the person has read it. An open sheet covers the screen.
    public var hasProblemOnScreen: Bool {
        get { problem != nil && !showsOptions }
        set { if !newValue { problem = nil } }
    }

    /// Whether the sheet says what failed.
    public var hasProblemInSheet: Bool {
        get { problem != nil && showsOptions }
        set { if !newValue { problem = nil } }
    }

    /// Set to false when the person has answered.
    public var hasOffer: Bool {
        get { offer != nil }
        set { if !newValue { offer = nil } }
    }

    private var isDrawing: Bool { studio.isWorking || checking }

    /// Waits until no action runs; drawings and installations may.
    public func finish() async {
        var waited: Task<Void, Never>?
        while let job, job != waited {
            waited = job
            await job.value
        }
    }

    // MARK: - Drawing

    public func draw() { draw(seed: nil, count: 1) }

    /// Draws the form four more times, with the seeds that follow the shown picture's.
    public func drawMore() { if let shown { draw(seed: shown.settings.seed &+ 1, count: 4) } }

    /// Draws a picture of the history with another seed.
    public func drawAgain(_ drawn: Drawn) { draw(like: drawn, count: 1) { _ in nil } }

    /// Draws four more like a picture of the history, with the seeds that follow its own.
    public func drawMore(like drawn: Drawn) { draw(like: drawn, count: 4) { $0.seed &+ 1 } }

    /// Fills in the form and draws. A picture that was drawn on another one needs that one again, so its form is shown instead.
    private func draw(like drawn: Drawn, count: Int, seed: @escaping @Sendable (PictureSettings) -> UInt64?) {
        use(drawn) { [self] made in
            draft.seed = ""
            if made.mode == .text { draw(seed: seed(made), count: count) } else { showsOptions = true }
        }
    }

    /// Draws what the form says; `more` is a seed in place of the form's.
    private func draw(seed more: UInt64?, count: Int) {
        guard let model = shelf.model, canDraw else { return }
        checking = true
        run { [self] in  // with a picture that is being read
            defer { checking = false }
            keep()
            wrong = nil
            // Short enough to read aloud.
            let seed = UInt64.random(in: 0..<1_000_000_000)
            switch await draft.checked(for: model.bundle.manifest, anySeed: seed, picture: picked) {
            case .unfit(let field):
                wrong = field
                if field.isInSheet { showsOptions = true }
            case .fit(var request):
                if let more { request.seed = more }
                studio.draw(request, with: model, preferred: shelf.placement, previews: draft.preview, count: count)
            }
        }
    }

    // MARK: - Pictures

    /// Takes the bytes of a picture to draw on, and offers the settings in them.
    public func pick(_ data: Data) { run { [self] in try await take(data) } }

    /// Takes a picture that another app shares. `afterwards` is called when the file is no longer read.
    public func open(_ file: URL, afterwards: @escaping @Sendable () -> Void = {}) {
        path = []
        run { [self] in
            defer { afterwards() }
            let data = try await contents(of: file)
            let copies = inbox.resolvingSymlinksInPath().path + "/"
            if file.resolvingSymlinksInPath().path.hasPrefix(copies) {  // a copy that the system made for the app
                try FileManager.default.removeItem(at: file)
            }
            try await take(data)
        }
    }

    /// Fills in the form with what made the picked picture.
    public func takeOffer() {
        guard let offer else { return }
        draft.take(offer.settings)
        self.offer = nil
        keep()
    }

    /// Fills in the form with what made a picture of the history.
    public func use(_ drawn: Drawn) { use(drawn) { _ in } }

    private func use(_ drawn: Drawn, then act: @escaping @MainActor (PictureSettings) -> Void) {
        run { [self] in
            guard let made = try await PNG.settings(in: contents(of: gallery.file(drawn))) else { return problem = .noSettings }
            draft.take(made)
            path = []
            keep()
            act(made)
        }
    }

    /// Draws on a picture of the history, with its prompt.
    public func drawOn(_ drawn: Drawn) {
        run { [self] in try await start(from: picture(in: gallery.file(drawn))) }
        use(drawn) { [self] _ in
            draft.mode = .redraw
            keep()
        }
    }

    /// Deletes a picture of the history, and leaves its screen.
    public func delete(_ drawn: Drawn) {
        gallery.remove(drawn)
        path.removeAll { $0 == .picture(drawn) }
    }

    private func take(_ data: Data) async throws {
        guard let picture = await decoded(data, decode) else { return problem = .unreadablePicture }
        try await start(from: picture)
        guard let made = await settings(in: data) else { return }
        offer = Offer(settings: made, sameModel: made.model == (try? shelf.model?.bundle.sha256()))
    }

    /// Copies the picture, because the permission to read it ends. Drops the strokes and the offer of the one before.
    private func start(from picture: Picture) async throws {
        picked = picture
        offer = nil
        draft.strokes = []
        if draft.mode == .text { draft.mode = .redraw }
        if wrong == .picture { wrong = nil }
        keep()
        try await write(picture, to: pickedFile)
    }

    // MARK: - Models

    /// Installs the model that comes with the app. A form without a prompt gets one that this model draws well.
    public func installBundled() {
        if draft.prompt.isEmpty { draft.prompt = AppModel.example }
        shelf.installBundled()
    }

    public func remove(_ model: StoredModel) {
        shelf.remove(model)
        run { [self] in
            await shelf.finish()
            try maker.prune(keeping: shelf.models.map(\.bundle))
        }
    }

    public func measure() {
        guard let model = shelf.model, !isBusy else { return }
        run { [self] in
            await studio.forget()  // two engines may not fit in memory
            bench.run(model, facts: studio.facts(model))
        }
    }

    // MARK: - Files and failures

    /// Saves the form for the next launch.
    public func keep() { note { try keptDraft.save(draft) } }

    /// Runs work that may fail, and shows the failure.
    public func note(_ work: () throws -> Void) {
        do { try work() } catch { problem = .failed(error.localizedDescription) }
    }

    /// Runs work after the actions before it, and shows its failure.
    private func run(_ work: @escaping @MainActor () async throws -> Void) {
        let before = job
        job = Task {
            await before?.value
            do { try await work() } catch { problem = .failed(error.localizedDescription) }
        }
    }
}

// Off the main thread, because a large picture takes a while.

private func picture(in file: URL) async throws -> Picture { try PNG(contentsOf: file).picture }

private func write(_ picture: Picture, to file: URL) async throws { try writing(file) { try picture.writePNG(to: file) } }

private func contents(of file: URL) async throws -> Data { try Data(contentsOf: file, options: .mappedIfSafe) }

private func decoded(_ data: Data, _ decode: @Sendable (Data) -> Picture?) async -> Picture? { decode(data) }

private func settings(in data: Data) async -> PictureSettings? { PNG.settings(in: data) }
