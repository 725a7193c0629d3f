/// The values of a strided buffer in row-major order, without padding.
///
/// Core ML pads the last axis of the Neural Engine's results to 64 bytes, so reading a buffer straight through would shift
/// every row. `strides` count elements, one for each side of `shape`.
package func packed<Element>(_ bytes: UnsafeRawBufferPointer, shape: [Int], strides: [Int]) -> [Element] {
    let count = shape.reduce(1, *)
    return [Element](unsafeUninitializedCapacity: count) { values, initialized in
        forEachRun(shape: shape, strides: strides) { from, to, length in
            for offset in 0..<length {
                let place = (from + offset * (strides.last ?? 1)) * MemoryLayout<Element>.stride
                values.initializeElement(
                    at: to + offset, to: bytes.loadUnaligned(fromByteOffset: place, as: Element.self))
            }
        }
        initialized = count
    }
}

/// The inverse of `packed`: writes row-major values into a strided buffer.
package func unpack<Element: BitwiseCopyable>(
    _ values: [Element], into bytes: UnsafeMutableRawBufferPointer, shape: [Int], strides: [Int]
) {
    forEachRun(shape: shape, strides: strides) { start, index, length in
        for offset in 0..<length {
            let place = (start + offset * (strides.last ?? 1)) * MemoryLayout<Element>.stride
            bytes.storeBytes(of: values[index + offset], toByteOffset: place, as: Element.self)
        }
    }
}

/// Calls `body` for each run along the last axis, with its start in both buffers and its length (elements).
private func forEachRun(shape: [Int], strides: [Int], _ body: (_ strided: Int, _ packed: Int, _ length: Int) -> Void) {
    let length = shape.last ?? 1
    let outer = shape.dropLast()
    for run in 0..<outer.reduce(1, *) {
        var (rest, start) = (run, 0)
        for axis in outer.indices.reversed() {
            start += rest % outer[axis] * strides[axis]
            rest /= outer[axis]
        }
        body(start, run * length, length)
    }
}
