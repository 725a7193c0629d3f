import Foundation

/// How many tokens stay masked after each step, how random the choice is, and which steps are guided.
///
/// The published scheduler (MaskGIT's schedule, arXiv 2202.04200) computes in float32. Near an integer the rounding
/// decides, so the same operations are done here in the same order.

/// The share of tokens still masked after `done` of `steps` steps: cos(r pi/2) or 1 - r, in float32.
func maskRatio(_ schedule: MaskingSchedule, done: Int, steps: Int) -> Float {
    let ratio = Float(done) / Float(steps)
    switch schedule {
    case .linear:
        return 1 - ratio
    case .cosine:
        // Pi rounded to the nearest, which Float.pi is not. The cosine in float64, rounded, because float32 cosines differ
        // by platform in the last bit.
        return Float(cos(Double(ratio * Float(Double.pi) / 2)))
    }
}

/// How many of `unknown` masked tokens are masked again after step `step` (from 0, the last excluded).
///
/// At least one token becomes known and at least one stays masked; if nothing is unknown, nothing is masked. `tokens` is
/// the whole grid; `startingRatio` is the share of it that was masked at the start.
func maskLength(
    _ schedule: MaskingSchedule, step: Int, steps: Int, tokens: Int, unknown: Int, startingRatio: Double = 1
) -> Int {
    let ratio = Float(startingRatio) * maskRatio(schedule, done: step + 1, steps: steps)
    let length = Int((Float(tokens) * ratio).rounded(.down))
    return min(max(min(length, unknown - 1), 1), unknown)
}

/// Whether step `step` (from 0) of `steps` lies in an interval of shares: start <= step / steps < end.
///
/// The quotient is in float64, so the end of one interval is the start of the next.
func inInterval(_ step: Int, steps: Int, start: Double, end: Double) -> Bool {
    let share = Double(step) / Double(steps)
    return start <= share && share < end
}

/// Linear from `temperature.start` to its `end` in `steps` values, f32 [N]; bit for bit torch.linspace.
///
/// Each half counts from its own end; product and sum are rounded once, from float64 to float32.
func temperatures(steps: Int, _ temperature: Temperature = Temperature(start: 2, end: 0)) -> [Float] {
    let (start, end) = (Float(temperature.start), Float(temperature.end))
    if steps == 1 { return [start] }
    let step = Double((end - start) / Float(steps - 1))
    return (0..<steps).map { index -> Float in
        if index < steps / 2 { return Float(Double(start) + step * Double(index)) }
        return Float(Double(end) - step * Double(steps - 1 - index))
    }
}
