import Foundation
import MeissonicKit
import MeissonicStore
import MeissonicStudio
import Observation
import PictureFiles

/// The state that the views show, and their actions.
@MainActor @Observable final class AppModel {
    enum Tab: Hashable { case draw, history, model, benchmark }

    let gallery: Gallery
    let studio: Studio
    let shelf: Shelf
    let bench: Bench
    var tab = Tab.draw
    var draft: Draft
    /// The chosen picture to draw on.
    private(set) var picked: Picture?
    /// The field to correct.
    private(set) var wrong: Field?
    /// One line about a failure outside drawing.
    private(set) var problem: String?
    private var checking = false
    private let maker: AppleMaker
    private let keptDraft: Kept<Draft>
    private let pickedFile: URL

    init() {
        let home = URL.applicationSupportDirectory
        maker = AppleMaker(folder: home.appendingPathComponent("compiled"))
        gallery = Gallery(folder: home.appendingPathComponent("gallery"))
        let studio = Studio(gallery: gallery, folder: home.appendingPathComponent("studio"), maker: maker)
        self.studio = studio
        let store = ModelStore(folder: home.appendingPathComponent("models"), for: maker.kinds)
        shelf = Shelf(store: store, file: home.appendingPathComponent("shelf.json")) { await studio.forget($0) }
        bench = Bench(file: URL.documentsDirectory.appendingPathComponent("benchmark.json"), maker: maker)
        keptDraft = Kept(home.appendingPathComponent("draft.json"))
        draft = keptDraft.load() ?? Draft()
        pickedFile = home.appendingPathComponent("picked.png")
        note { try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true) }
        if FileManager.default.fileExists(atPath: pickedFile.path) {
            attempt { [self] in picked = try await read(pickedFile) }
        }
    }

    /// Whether work runs. Then the screen stays on, because the system stops an app in the background, and models stay unchanged.
    var isBusy: Bool { isDrawing || shelf.arriving != nil || bench.isRunning }

    var canDraw: Bool { !isDrawing && !bench.isRunning }

    /// Set to false when the person has read it.
    var hasProblem: Bool {
        get { problem != nil }
        set { if !newValue { problem = nil } }
    }

    private var isDrawing: Bool { studio.isWorking || checking }

    func draw() { draw(seed: nil, count: 1) }

    /// Draws four more with the seeds that follow.
    func drawMore() {
        guard case .done(let drawn, _) = studio.state else { return }
        draw(seed: drawn.settings.seed &+ 1, count: 4)
    }

    /// Draws what the form says; `more` is a seed in place of the form's.
    private func draw(seed more: UInt64?, count: Int) {
        guard let model = shelf.model, canDraw else { return }
        keep()
        wrong = nil
        checking = true
        let (draft, picked, manifest) = (draft, picked, model.bundle.manifest)
        Task {
            // Short enough to read aloud.
            let seed = UInt64.random(in: 0..<1_000_000_000)
            switch await draft.checked(for: manifest, anySeed: seed, picture: picked) {
            case .unfit(let field): wrong = field
            case .fit(var request):
                if let more { request.seed = more }
                let steps = request.steps ?? manifest.defaults.steps
                studio.draw(
                    request, with: model, preferred: shelf.placement,
                    previewEvery: draft.preview ? max(1, steps / 8) : 0, count: count)
            }
            checking = false
        }
    }

    func measure() {
        guard let model = shelf.model, !isBusy else { return }
        Task {
            await studio.forget()  // two engines may not fit in memory
            bench.run(model, facts: studio.facts(model))
        }
    }

    func remove(_ model: StoredModel) {
        shelf.remove(model)
        Task {
            await shelf.finish()
            note { try maker.prune(keeping: shelf.models.map(\.bundle)) }
        }
    }

    /// Copies a picture to draw on, because the permission to read it ends. Drops the strokes of the one before.
    func pick(_ picture: Picture) {
        picked = picture
        draft.strokes = []
        attempt { [self] in try await write(picture, to: pickedFile) }
    }

    /// Fills in the form with the settings of a picture.
    func use(_ drawn: Drawn) {
        draft.take(drawn.settings)
        tab = .draw
    }

    func drawOn(_ drawn: Drawn) {
        attempt { [self] in
            pick(try await read(gallery.file(drawn)))
            draft.mode = .redraw
            use(drawn)
        }
    }

    /// Saves the form for the next launch.
    func keep() { note { try keptDraft.save(draft) } }

    /// Runs work that may fail, and shows the failure.
    func note(_ work: () throws -> Void) {
        do { try work() } catch { complain(error.localizedDescription) }
    }

    private func attempt(_ work: @escaping @MainActor () async throws -> Void) {
        Task { do { try await work() } catch { complain(error.localizedDescription) } }
    }

    func complain(_ line: String) { problem = line }
}

/// Off the main thread, because a large picture takes a while.
private func read(_ file: URL) async throws -> Picture { try PNG(contentsOf: file).picture }

private func write(_ picture: Picture, to file: URL) async throws { try picture.writePNG(to: file) }
