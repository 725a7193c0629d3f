/// Waits until the task is cancelled, as a long run or a silent server would. Throws `CancellationError`.
public func untilCancelled() async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in stream {}
    continuation.finish()
    try Task.checkCancellation()
}
