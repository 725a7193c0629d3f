/// The choice of a graph's function, and the inputs of a Core ML package (docs/contract.md, "Several sizes" and "Core ML
/// packages"). Nothing here needs Core ML, so it is tested on any machine.

extension Graph {
    /// The function whose dimensions the inputs and the token grid have. Throws `UserError.bundle`.
    public func function(for tensors: [String: Tensor], graph name: String) throws -> GraphFunction {
        var found: [String: Int] = [:]
        for (side, size) in zip(["height", "width"], tensors["tokens"]?.shape ?? []) { found[side] = size }
        for tensor in inputs {
            for (side, size) in try zip(tensor.shape, tensors.tensor(tensor.name).shape) {
                if case .named(let side) = side { found[side] = size }
            }
        }
        if let function = functions.first(where: { $0.agrees(with: found) }) { return function }
        let sides = Set(functions.flatMap(\.dimensions.keys))
        let wanted = found.filter { sides.contains($0.key) }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        throw UserError.bundle("graph \(name) has no function for \(wanted): export the bundle for this size")
    }

    /// The graph's inputs in Core ML's form, checked against the manifest. Throws `UserError`.
    public func feed(from tensors: [String: Tensor], graph name: String) throws -> [String: Tensor] {
        var feed: [String: Tensor] = [:]
        for spec in inputs {
            let tensor = try tensors.tensor(spec.name).adapted(to: spec)
            try spec.check(tensor, graph: name)
            feed[spec.name] = tensor
        }
        return feed
    }
}

extension GraphFunction {
    fileprivate func agrees(with found: [String: Int]) -> Bool {
        dimensions.allSatisfy { found[$0.key] ?? $0.value == $0.value }
    }
}

extension TensorSpec {
    /// The tensor in the shape that a function has.
    public func fixed(by function: GraphFunction?) -> TensorSpec {
        let sides = shape.map { side in
            if case .named(let name) = side, let size = function?.dimensions[name] { return Dimension.fixed(size) }
            return side
        }
        return TensorSpec(name: name, type: type, shape: sides)
    }
}

extension Tensor {
    /// The tensor in Core ML's form: at least one dimension, and integers instead of bytes.
    fileprivate func adapted(to spec: TensorSpec) -> Tensor {
        let shape = shape.isEmpty ? [1] : shape
        if case .uint8(let levels) = values, spec.type == .int32 { return Tensor(levels.map(Int32.init), shape: shape) }
        return Tensor(values, shape: shape)
    }
}

extension Settings {
    /// The names of a function's dimensions and their values for this drawing.
    public func dimensions(for manifest: Manifest) -> [String: Int] {
        let model = manifest.model
        let grid = Grid(size, tokenSize: model.tokenSize)
        let cells = grid.count / (model.compression * model.compression)
        return [
            "rows": guided || manifest.twoRows ? 2 : 1, "height": grid.height, "width": grid.width,
            "positions": grid.count,
            "cells": cells, "stream": model.textLength + cells, "pixel_height": size.height, "pixel_width": size.width,
        ]
    }
}

extension Graph {
    /// The function that a drawing with these settings runs; nil if there is none.
    public func function(for settings: Settings, manifest: Manifest) -> GraphFunction? {
        let own = settings.dimensions(for: manifest)
        return functions.first { function in function.dimensions.allSatisfy { own[$0.key] == $0.value } }
    }
}
