import Foundation
import MeissonicKit

/// One line about the progress of all pictures, on a terminal only.
final class Bar {
    private let count: Int
    private let terminal = isatty(STDERR_FILENO) != 0
    private var begun: ContinuousClock.Instant?
    private var done = 0

    init(count: Int) { self.count = count }

    /// Shows a step of a picture, counted from 1. The first step is not timed, because it loads its graphs.
    func show(_ progress: MeissonicKit.Progress, _ number: Int) {
        guard terminal else { return }
        let steps = progress.steps
        var left = ""
        if let begun {
            done += 1
            let pace = (ContinuousClock.now - begun) / .seconds(1) / Double(done)
            let more = (count - number) * steps + steps - 1 - progress.step
            left = ", \(Int((pace * Double(more)).rounded(.up))) s left"
        } else {
            begun = .now
        }
        let which = count > 1 ? "picture \(number)/\(count), " : ""
        write("\rdrawing \(which)step \(progress.step + 1)/\(steps), \(progress.masked) tokens\(left)  ")
    }

    func clear() { if terminal { write("\r\u{1b}[K") } }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
