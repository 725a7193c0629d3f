import Foundation
import MeissonicKit
import MeissonicStore
import Observation

/// Installs, chooses and removes the models of this device.
@MainActor @Observable public final class Shelf {
    /// A person's choices, for the next launch.
    struct Choices: Codable, Sendable {
        var model: String?
        var address = ""
        var placement = SelfTest.Placement.asMade
    }

    /// Why the last action failed: the kind of cause, and a line in English.
    public struct Trouble: Sendable, Equatable {
        public enum Kind: Sendable { case address, network, disk, bundle }
        public let kind: Kind
        public let line: String
    }

    public enum Arriving: Sendable, Equatable {
        /// Waiting for the manifest.
        case asking
        case installing(Installation)
    }

    public private(set) var models: [StoredModel] = []
    /// The model that comes with the app; nil once it is installed.
    public private(set) var bundled: ModelBundle?
    /// Whether the disk was read, so that no model means that there is none.
    public private(set) var isRead = false
    /// Bytes of a stopped installation.
    public private(set) var unfinished = 0
    /// nil: nothing is installed now.
    public private(set) var arriving: Arriving?
    public private(set) var trouble: Trouble?
    private var choices: Choices
    @ObservationIgnored private let kept: Kept<Choices>
    @ObservationIgnored private let store: ModelStore
    @ObservationIgnored private let resource: URL?
    @ObservationIgnored private let release: @MainActor (StoredModel) async -> Void
    @ObservationIgnored private var job: Task<Void, Never>?

    /// `file` keeps the choices, `resource` is the place of the app's own model. A model is removed after `release` ends,
    /// because nothing may use it then.
    public init(
        store: ModelStore, file: URL, resource: URL? = nil, release: @escaping @MainActor (StoredModel) async -> Void
    ) {
        self.store = store
        self.resource = resource
        self.release = release
        kept = Kept(file)
        choices = kept.load() ?? Choices()
    }

    /// The model to draw with.
    public var model: StoredModel? { models.first { $0.id == choices.model } ?? models.first }

    /// The address of the last download.
    public var address: String { choices.address }

    /// The compute units to try first.
    public var placement: SelfTest.Placement {
        get { choices.placement }
        set { choose { $0.placement = newValue } }
    }

    public func choose(_ model: StoredModel) { choose { $0.model = model.id } }

    /// Reads the state from the disk.
    public func look() async {
        models = await store.models()
        unfinished = await store.unfinished()
        bundled = if let resource { await store.installable(resource) } else { nil }
        isRead = true
    }

    /// Starts or resumes a download from the address of a bundle's folder.
    public func download(_ typed: String) {
        guard arriving == nil else { return }
        let typed = typed.filter { !$0.isWhitespace }
        guard let url = URL(string: typed), url.scheme?.lowercased() == "https", url.host?.isEmpty == false else {
            trouble = Trouble(kind: .address, line: "'\(typed)' is no address that begins with https://")
            return
        }
        choose { $0.address = typed }
        install { [store] in try await store.download(url, told: $0) }
    }

    /// Copies a bundle from a folder; `afterwards` is called when the folder is no longer read.
    public func importBundle(_ folder: URL, afterwards: @escaping @Sendable () -> Void = {}) {
        guard arriving == nil else { return afterwards() }
        install { [store] told in
            defer { afterwards() }
            return try await store.importBundle(folder, told: told)
        }
    }

    /// Copies the model that comes with the app.
    public func installBundled() { if let bundled { importBundle(bundled.folder) } }

    public func stop() { job?.cancel() }

    /// Waits until no installation or removal runs.
    public func finish() async { await job?.value }

    public func remove(_ model: StoredModel) {
        guard arriving == nil else { return }
        job = Task {
            await release(model)
            await attempt { [store] in try await store.remove(model.id) }
        }
    }

    /// Deletes a stopped installation.
    public func discardUnfinished() {
        guard arriving == nil else { return }
        job = Task { await attempt { [store] in try await store.discardUnfinished() } }
    }

    private func install(
        _ work: @escaping @Sendable (@escaping @Sendable (Installation) -> Void) async throws -> StoredModel
    ) {
        arriving = .asking
        job = Task {
            let (told, teller) = AsyncStream.makeStream(of: Installation.self, bufferingPolicy: .bufferingNewest(1))
            async let made: Void = attempt {
                defer { teller.finish() }
                let model = try await work { teller.yield($0) }
                await self.choose(model)
            }
            for await state in told { arriving = .installing(state) }
            await made
            arriving = nil
        }
    }

    /// Runs work, notes its failure and reads the state from the disk.
    private func attempt(_ work: @Sendable () async throws -> Void) async {
        trouble = nil
        do { try await work() } catch is CancellationError {} catch {
            trouble = Trouble(kind: Shelf.kind(error), line: error.localizedDescription)
        }
        await look()
    }

    private func choose(_ change: (inout Choices) -> Void) {
        change(&choices)
        do { try kept.save(choices) } catch { trouble = Trouble(kind: .disk, line: error.localizedDescription) }
    }

    private nonisolated static func kind(_ error: any Error) -> Trouble.Kind {
        switch error {
        case StoreError.network, StoreError.rangeRefused: .network
        case StoreError.disk, StoreError.busy: .disk
        default: .bundle
        }
    }
}
