/// Estimates the time of the remaining steps. The first step is not counted, because it loads its graphs.
struct Pace {
    private var first: (step: Int, end: ContinuousClock.Instant)?

    /// Seconds left after step `step` (from 0) of `steps` and `more` of other pictures; nil until two are done.
    mutating func left(after step: Int, of steps: Int, more: Int = 0, at now: ContinuousClock.Instant = .now) -> Double? {
        guard let first else {
            first = (step, now)
            return nil
        }
        let seconds = (now - first.end) / .seconds(1) / Double(step - first.step)
        return seconds * Double(steps - 1 - step + more)
    }
}
