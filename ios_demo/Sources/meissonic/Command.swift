import Dispatch
import Foundation
import MeissonicKit
import PictureFiles

/// `meissonic PROMPT`: draw a picture with an exported bundle.
@main
struct Command {
    static func main() async {
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            guard let job = try Job.parse(arguments) else {
                print(Job.help)
                return 0
            }
            try await interruptible { try await draw(job) }
            return 0
        } catch let error as UserError {
            say("error: \(error)")
            return 2
        } catch is CancellationError {
            say("stopped: no picture was written")
            return 130
        } catch {
            say("error: \(error.localizedDescription)")
            return 2
        }
    }

    private static func draw(_ job: Job) async throws {
        let bundle = try ModelBundle.open(URL(fileURLWithPath: job.bundle))
        let generator = try Generator(
            engine: openEngine(bundle, job), keep: job.preview > 0 && !job.lowMemory, tiny: job.tinyDecoder)
        let request = Request(
            job.prompt, negative: job.negative, seed: job.seed, steps: job.steps, guidance: job.guidance,
            size: job.size,
            edit: try edit(job))
        for (which, cut) in try generator.cut(request).sorted(by: { $0.key < $1.key }) {
            say("warning: the \(which) is too long, this was cut off: \"\(printable(cut))\"")
        }
        let out = URL(fileURLWithPath: job.out)
        let bar = isatty(STDERR_FILENO) != 0
        for try await event in generator.events(request, previewEvery: job.preview) {
            switch event {
            case .began:
                break
            case .step(let progress):
                if bar { show("\rdrawing \(progress.step + 1)/\(progress.steps), \(progress.masked) tokens left  ") }
            case .preview(let picture, let step):
                let stem = out.deletingPathExtension().lastPathComponent
                let name = "\(stem).step\(String(format: "%03d", step + 1)).png"
                try picture.writePNG(to: out.deletingLastPathComponent().appendingPathComponent(name))
            case .finished(let drawing):
                if bar { show("\r\u{1b}[K") }
                try drawing.picture.writePNG(to: out, facts: facts(drawing, bundle))
                let stages = drawing.stages.map { String(format: "\($0.name) %.2f s", $0.seconds) }.joined(
                    separator: ", ")
                let settings = drawing.settings
                print("\(job.out): \(settings.size), \(settings.steps) steps, seed \(settings.seed) (\(stages))")
            }
        }
        try Task.checkCancellation()  // because the stream of a cancelled reader ends without an error
    }

    private static func edit(_ job: Job) throws -> Edit? {
        guard let image = job.image else { return nil }
        let picture = try PNG(contentsOf: URL(fileURLWithPath: image)).picture
        if let margins = job.extend { return .outpaint(picture, margins: margins) }
        if let mask = job.mask {
            let mask = try PNG(contentsOf: URL(fileURLWithPath: mask)).grey
            return .inpaint(picture, mask: mask, strength: job.strength ?? 1)
        }
        return .imageToImage(picture, strength: job.strength)
    }

    private static func facts(_ drawing: Drawing, _ bundle: ModelBundle) -> [(key: String, value: String)] {
        let settings = drawing.settings
        return [
            ("prompt", settings.prompt), ("negative", settings.negative), ("seed", "\(settings.seed)"),
            ("steps", "\(settings.steps)"), ("guidance", "\(settings.guidance)"), ("model", bundle.manifest.model.name),
        ]
    }

    /// Cancels the work on Ctrl-C.
    private static func interruptible(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await work() }
        signal(SIGINT, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        interrupt.setEventHandler { task.cancel() }
        interrupt.resume()
        defer { interrupt.cancel() }
        try await task.value
    }

    private static func show(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
    private static func say(_ line: String) { show(line + "\n") }
}
