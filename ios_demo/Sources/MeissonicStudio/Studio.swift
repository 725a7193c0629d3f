import Foundation
import MeissonicKit
import MeissonicStore
import Observation

/// The state of the drawing.
public enum DrawingState: Sendable, Equatable {
    case idle
    case working(Working)
    /// The last picture; `cut` has the ends of texts that did not fit.
    case done(Drawn, cut: [String])
    /// With one line that says why.
    case failed(String)
    /// A person stopped it.
    case stopped
    /// The system ended the app during a drawing; the form is unchanged.
    case interrupted
}

public struct Working: Sendable, Equatable {
    public enum Stage: Sendable, Equatable {
        case preparing(Preparation)
        /// The name of its graph, or "steps".
        case drawing(String)
    }

    public internal(set) var stage = Stage.preparing(.checking(share: 0))
    /// Steps done, of so many.
    public internal(set) var step = 0
    public internal(set) var steps = 0
    /// nil until two steps are done.
    public internal(set) var secondsLeft: Double?
    public internal(set) var preview: Picture?
    /// The number of the picture, of so many.
    public internal(set) var number = 1
    public internal(set) var count = 1

    /// The share of all steps that is done.
    public var share: Double { (Double(number - 1) + Double(step) / Double(max(steps, 1))) / Double(count) }
}

/// Draws one picture after another, independent of views.
@MainActor @Observable public final class Studio {
    public private(set) var state: DrawingState
    @ObservationIgnored private let gallery: Gallery
    @ObservationIgnored private let marker: URL
    @ObservationIgnored private let preparer: Preparer
    @ObservationIgnored private let availableMemory: @Sendable () -> Int?
    @ObservationIgnored private var job: Task<Void, Never>?
    @ObservationIgnored private var open: OpenModel?
    @ObservationIgnored private var pace = Pace()

    /// `folder` holds the facts about models, and a file that exists during a drawing. `availableMemory` (bytes, nil: unknown)
    /// is called before anything is loaded.
    public init(
        gallery: Gallery, folder: URL, maker: any EngineMaker,
        availableMemory: @escaping @Sendable () -> Int? = { Memory.available() }
    ) {
        self.gallery = gallery
        self.availableMemory = availableMemory
        marker = folder.appendingPathComponent("drawing")
        preparer = Preparer(maker: maker, folder: folder)
        state = FileManager.default.fileExists(atPath: marker.path) ? .interrupted : .idle
        try? FileManager.default.removeItem(at: marker)  // reported once
    }

    public var isWorking: Bool { if case .working = state { true } else { false } }

    /// The facts about a model on this device.
    public func facts(_ model: StoredModel) -> DeviceFacts? { preparer.kept(model.id).load() }

    /// Starts to draw `count` pictures with consecutive seeds. Returns false, and does nothing, while one is being made.
    ///
    /// Those that are finished stay in the gallery when a later one fails or is stopped.
    @discardableResult public func draw(
        _ request: Request, with model: StoredModel, preferred: SelfTest.Placement = .asMade, previewEvery: Int = 0,
        count: Int = 1
    ) -> Bool {
        guard !isWorking else { return false }
        state = .working(Working(count: count))
        job = Task {
            do {
                try writing(marker) { try Data().write(to: marker) }
                var last = state
                for number in 1...count {
                    state = .working(Working(number: number, count: count))
                    pace = Pace()
                    var numbered = request
                    numbered.seed &+= UInt64(number - 1)
                    last = try await made(numbered, model, preferred, previewEvery)
                }
                state = last
            } catch is CancellationError {
                state = .stopped
            } catch {
                state = .failed("\(error.localizedDescription)")
            }
            try? FileManager.default.removeItem(at: marker)
        }
        return true
    }

    public func stop() { job?.cancel() }

    /// Waits until no drawing is being made.
    public func finish() async { await job?.value }

    /// Stops a drawing in progress and releases the model, so that another can replace it.
    public func forget() async {
        stop()
        await finish()
        open = nil
    }

    /// Releases the model, and deletes the facts about one that will be removed.
    public func forget(_ model: StoredModel) async {
        await forget()
        try? FileManager.default.removeItem(at: preparer.kept(model.id).file)
    }

    private enum Told: Sendable {
        case preparing(Preparation)
        case opened(OpenModel)
        case drawing(DrawingEvent)
    }

    private func made(
        _ request: Request, _ model: StoredModel, _ preferred: SelfTest.Placement, _ previewEvery: Int
    ) async throws -> DrawingState {
        let (events, teller) = AsyncStream.makeStream(of: Told.self)
        let before = open?.id == model.id && open?.preferred == preferred ? open : nil
        async let drawing = draw(request, with: model, preferred, previewEvery, before, teller)
        for await event in events { hear(event) }
        let made = try await drawing
        let settings = try PictureSettings(request, made.settings, model.bundle)
        let name = printable(model.bundle.manifest.model.name)
        let drawn = try await gallery.add(made, model: name, made: settings)
        return .done(drawn, cut: made.cut.sorted { $0.key < $1.key }.map(\.value))
    }

    /// Off the main thread.
    private nonisolated func draw(
        _ request: Request, with model: StoredModel, _ preferred: SelfTest.Placement, _ previewEvery: Int,
        _ before: OpenModel?, _ teller: AsyncStream<Told>.Continuation
    ) async throws -> Drawing {
        defer { teller.finish() }
        let settings = try settle(request, model.bundle.manifest)
        if let available = availableMemory() {  // the self-test loads graphs as well
            try model.bundle.checkMemory(available: available)
        }
        let told: @Sendable (Preparation) -> Void = { teller.yield(.preparing($0)) }
        let open: OpenModel
        if let before {
            open = before
        } else {
            open = try await preparer.open(model, preferred: preferred, availableMemory: availableMemory, told: told)
            teller.yield(.opened(open))
        }
        try await preparer.warm(open, for: settings, told: told)
        return try await open.generator.draw(request, previewEvery: previewEvery) { teller.yield(.drawing($0)) }
    }

    private func hear(_ told: Told) {
        guard case .working(var working) = state else { return }
        switch told {
        case .preparing(let part): working.stage = .preparing(part)
        case .opened(let model): open = model
        case .drawing(.began(let stage)):
            working.stage = .drawing(stage)
            working.secondsLeft = nil
        case .drawing(.step(let progress)):
            working.step = progress.step + 1
            working.steps = progress.steps
            let more = (working.count - working.number) * progress.steps
            working.secondsLeft = pace.left(after: progress.step, of: progress.steps, more: more)
        case .drawing(.preview(let picture, step: _)): working.preview = picture
        case .drawing(.finished): break
        }
        state = .working(working)
    }
}
