/// Runs the conditioner, for any number of steps that one call takes.

/// Sinusoids [N, 256] split into calls of `count` steps. The last call is filled by repeating the last step.
func splitSteps(_ sinusoids: Tensor, count: Int) throws -> [Tensor] {
    let values = try sinusoids.float32()
    let (steps, width) = (sinusoids.shape[0], sinusoids.shape[1])
    return stride(from: 0, to: steps, by: count).map { start in
        let rows = (start..<start + count).map { min($0, steps - 1) * width }
        return Tensor(rows.flatMap { values[$0..<$0 + width] }, shape: [count, width])
    }
}

/// `context` f32 [R, T, D] and `modulation` f32 [N, R, M] of the tensors the graph names.
func runConditioner(_ engine: any Engine, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
    let graph = try engine.bundle.graph("conditioner")
    guard let sinusoids = tensors["step_sinusoids"],
        let count = graph.inputs.first(where: { $0.name == "step_sinusoids" })?.shape.first?.fixed
    else {
        return try await engine.run("conditioner", on: tensors)
    }
    var first: [String: Tensor]?
    var modulation: [Float] = []
    for part in try splitSteps(sinusoids, count: count) {
        let made = try await engine.run("conditioner", on: tensors.merging(["step_sinusoids": part]) { $1 })
        modulation += try made.tensor("modulation").float32()
        first = first ?? made
    }
    guard var made = first else { return [:] }
    let row = Array(try made.tensor("modulation").shape.dropFirst())
    let steps = sinusoids.shape[0]
    guard modulation.count >= steps * row.reduce(1, *) else { throw [Float].misfit }
    made["modulation"] = Tensor(Array(modulation.prefix(steps * row.reduce(1, *))), shape: [steps] + row)
    return made
}

extension [String: Tensor] {
    /// Throws `UserError.engine` for a tensor that no graph gave.
    package func tensor(_ name: String) throws -> Tensor {
        guard let tensor = self[name] else {
            throw UserError.engine("no graph gave '\(name)': export the bundle again")
        }
        return tensor
    }
}
