/// Seconds a drawing still takes, of the steps it has made: nil until two have ended, for the first loads the graphs.
public struct TimeLeft: Sendable {
    private var first: Double?
    private var steps = 0

    public init() {}

    /// `now`: seconds of any clock, when step `step` (from 0) of `total` has ended.
    public mutating func after(step: Int, of total: Int, now: Double) -> Double? {
        guard let first else {
            first = now
            return nil
        }
        steps += 1
        return (now - first) / Double(steps) * Double(total - 1 - step)
    }
}
