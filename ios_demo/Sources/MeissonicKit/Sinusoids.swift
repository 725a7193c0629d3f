import Foundation

/// Sinusoids of step indices and micro-conditions, made on the host in float64 (float16 would overflow).

private let width = 256
private let maxPeriod = 10000.0
private let stepScale = 1000.0  // the model multiplies its timestep by 1000

/// f32 [n, 256] of n numbers: 128 cosines, then 128 sines, of frequencies 10000^(-i/128).
func sinusoids(_ values: [Double]) -> Tensor {
    let half = width / 2
    let frequencies = (0..<half).map { pow(maxPeriod, -Double($0) / Double(half)) }
    let rows = values.flatMap { value in
        frequencies.map { Float(cos(value * $0)) } + frequencies.map { Float(sin(value * $0)) }
    }
    return Tensor(rows, shape: [values.count, width])
}

/// f32 [N, 256]: row t is for the step that has t steps after it (t = N-1-i).
func stepSinusoids(_ steps: Int, _ timestep: Timestep) -> Tensor {
    let parts = timestep == .share ? Double(steps) : 1
    return sinusoids((0..<steps).map { stepScale * Double($0) / parts })
}

/// f32 [5, 256] of a picture's width and height (pixels), crop corner (0, 0) and aesthetic score.
func microSinusoids(_ size: Size, score: Double) -> Tensor {
    sinusoids([Double(size.width), Double(size.height), 0, 0, score])
}
