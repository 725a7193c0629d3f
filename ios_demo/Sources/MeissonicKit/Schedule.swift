import Foundation

/// How many tokens stay masked after each step, and how random the choice is.
///
/// The published scheduler (MaskGIT's schedule, arXiv 2202.04200) computes in float32, and near an integer the rounding
/// decides: the same operations are done here in the same order (equal to golden/mask_lengths.json).
extension MaskingSchedule {
    /// The share of tokens still masked after `done` of `steps` steps: cos(r pi/2) or 1 - r, in float32.
    public func ratio(done: Int, steps: Int) -> Float {
        let share = Float(done) / Float(steps)
        switch self {
        case .linear:
            return 1 - share
        case .cosine:
            // Pi rounded to the nearest, which Float.pi is not. The cosine in float64, rounded: float32 cosines differ by
            // platform in the last bit.
            let angle = share * Float(Double.pi) / 2
            return Float(cos(Double(angle)))
        }
    }

    /// How many of `unknown` masked tokens are masked again after step `step` (from 0, the last excluded).
    ///
    /// At least one token becomes known and at least one stays masked; if nothing is unknown, nothing is masked. `tokens` is
    /// the whole grid; `startingRatio` is the share of it that was masked at the start.
    public func maskLength(step: Int, steps: Int, tokens: Int, unknown: Int, startingRatio: Double = 1) -> Int {
        let share = Float(startingRatio) * ratio(done: step + 1, steps: steps)
        let length = Int((Float(tokens) * share).rounded(.down))
        return min(max(min(length, unknown - 1), 1), unknown)
    }
}

extension Temperature {
    /// Linear from `start` to `end` in `steps` values; bit for bit torch.linspace.
    ///
    /// Each half counts from its own end; product and sum are rounded once, from float64 to float32.
    public func values(steps: Int) -> [Float] {
        let (first, last) = (Float(start), Float(end))
        if steps == 1 { return [first] }
        let step = Double((last - first) / Float(steps - 1))
        return (0..<steps).map { index -> Float in
            if index < steps / 2 { return Float(Double(first) + step * Double(index)) }
            return Float(Double(last) - step * Double(steps - 1 - index))
        }
    }
}
