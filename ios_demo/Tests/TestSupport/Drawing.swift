import MeissonicKit

/// Draws, and returns the tokens after each step.
public func drawn(_ request: Request, with generator: Generator) async throws -> (tokens: [[Int32]], drawing: Drawing) {
    var tokens: [[Int32]] = []
    for try await event in generator.events(request) {
        switch event {
        case .step(let progress): tokens.append(progress.tokens)
        case .finished(let drawing): return (tokens, drawing)
        case .began, .preview: break
        }
    }
    throw CancellationError()
}
