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
        } catch let stopped as StoppedLater {
            say("stopped: \(stopped.line)")
            return 130
        } catch is CancellationError {
            say("stopped: no picture was written")
            return 130
        } catch {
            say("error: \(error.localizedDescription)")
            return 2
        }
    }

    private static func draw(_ job: Job) async throws {
        let (request, again) = try job.request()
        let bundle = try ModelBundle.open(URL(fileURLWithPath: job.bundle))
        let generator = try Generator(
            engine: openEngine(bundle, job), keep: job.preview > 0 && !job.lowMemory, keepText: job.count > 1,
            tiny: job.tinyDecoder)
        if let again, again.model != (try bundle.sha256()) {
            say("warning: \(job.bundle) is not the bundle that drew the picture: the new one will differ")
        }
        if bundle.manifest.twoRows, (request.guidanceFrom, request.guidanceUntil) != (0, 1) {
            say("warning: the step of this bundle takes two text rows, so a step without guidance saves no time")
        }
        for (which, cut) in try generator.cut(request).sorted(by: { $0.key < $1.key }) {
            say("warning: the \(which) is too long, this was cut off: \"\(printable(cut))\"")
        }
        var written: [Picture] = []
        let bar = Bar(count: job.count)
        do {
            for number in 1...job.count {
                var numbered = request
                numbered.seed += UInt64(number - 1)
                written.append(try await draw(numbered, number, of: job, generator, bar))
            }
        } catch is CancellationError where !written.isEmpty {
            try writeGrid(written, job)
            let last = written.count > 1 ? " to \(job.path(written.count))" : ""
            throw StoppedLater(line: "\(job.path(1))\(last) finished")
        }
        try writeGrid(written, job)
    }

    /// Draws and writes a picture, counted from 1.
    private static func draw(
        _ request: Request, _ number: Int, of job: Job, _ generator: Generator, _ bar: Bar
    ) async throws -> Picture {
        let path = job.path(number)
        var picture: Picture?
        for try await event in generator.events(request, previewEvery: job.preview) {
            switch event {
            case .began:
                break
            case .step(let progress):
                bar.show(progress, number)
            case .preview(let picture, let step):
                let name = "\(path.dropLast(".png".count)).step\(String(format: "%03d", step + 1)).png"
                try picture.writePNG(to: URL(fileURLWithPath: name))
            case .finished(let drawing):
                bar.clear()
                let settings = drawing.settings
                try drawing.picture.writePNG(
                    to: URL(fileURLWithPath: path), settings: PictureSettings(request, settings, generator.bundle))
                let stages = drawing.stages.map { String(format: "\($0.name) %.2f s", $0.seconds) }.joined(
                    separator: ", ")
                let steps = settings.steps == 1 ? "1 step" : "\(settings.steps) steps"
                print("\(path): \(settings.size), \(steps), seed \(settings.seed) (\(stages))")
                picture = drawing.picture
            }
        }
        // The stream of a cancelled reader ends without an error.
        guard let picture else { throw CancellationError() }
        return picture
    }

    private static func writeGrid(_ pictures: [Picture], _ job: Job) throws {
        guard job.grid else { return }
        try tiled(pictures).writePNG(to: URL(fileURLWithPath: job.gridPath))
        print("\(job.gridPath): \(pictures.count) pictures")
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

    private static func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}

/// The drawing was stopped after others had finished.
private struct StoppedLater: Error {
    let line: String
}
