import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// HTTP with `Range: bytes=N-` (RFC 9110, section 14).
public struct HTTPTransport: Transport {
    public init() {}

    public func get(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) async throws {
        let fetch = Fetch(url, from: offset, began: began, received: received)
        try await withTaskCancellationHandler {
            try await fetch.run()
        } onCancel: {
            fetch.cancel()
        }
    }
}

/// One request. The session's queue calls the delegate's methods one after another. A slow write delays the next, so data
/// does not pile up in memory.
private final class Fetch: NSObject, URLSessionDataDelegate, @unchecked Sendable {  // only the queue uses `failure`;
    // the lock guards `outcome` and `continuation`, because a cancelled task may end before anyone waits for it
    private let url: URL
    private let offset: Int
    private let began: @Sendable (Int) throws -> Void
    private let received: @Sendable (Data) throws -> Void
    private var session: URLSession?
    private var task: URLSessionDataTask?
    private let lock = NSLock()
    private var continuation: CheckedContinuation<Void, any Error>?
    private var outcome: Result<Void, any Error>?
    private var failure: (any Error)?

    init(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) {
        self.url = url
        self.offset = offset
        self.began = began
        self.received = received
        super.init()
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: 60)
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")  // else ranges would count compressed bytes
        if offset > 0 { request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range") }
        let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: nil)
        self.session = session
        task = session.dataTask(with: request)
    }

    func run() async throws {
        try await withCheckedThrowingContinuation { continuation in
            lock.withLock { self.continuation = continuation }
            task?.resume()
            settle()
        }
    }

    func cancel() { task?.cancel() }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        attempt(dataTask) { try began(try start(of: response)) }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        if failure == nil { attempt(dataTask) { try received(data) } }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        session.finishTasksAndInvalidate()  // it keeps its delegate until then
        let outcome: Result<Void, any Error>
        if let failure {
            outcome = .failure(failure)
        } else if let error {
            let cancelled = (error as? URLError)?.code == .cancelled
            outcome = .failure(
                cancelled ? CancellationError() : StoreError.network("\(url.absoluteString): \(error.localizedDescription)"))
        } else {
            outcome = .success(())
        }
        lock.withLock { self.outcome = outcome }
        settle()
    }

    /// Resumes the waiting task once there is an outcome.
    private func settle() {
        lock.lock()
        let (waiting, ended) = (outcome == nil ? nil : continuation, outcome)
        if ended != nil { continuation = nil }
        lock.unlock()
        if let waiting, let ended { waiting.resume(with: ended) }
    }

    private func attempt(_ task: URLSessionDataTask, _ work: () throws -> Void) {
        do { try work() } catch {
            failure = error
            task.cancel()
        }
    }

    /// The first byte of the response.
    private func start(of response: URLResponse) throws -> Int {
        guard let answer = response as? HTTPURLResponse else { return 0 }
        switch answer.statusCode {
        case 200: return 0
        case 206:
            // "bytes 100-999/1000"
            let range = answer.value(forHTTPHeaderField: "Content-Range")?.split(separator: " ").last?.prefix { $0 != "-" }
            guard let first = range.flatMap({ Int($0) }), first == offset else { throw StoreError.rangeRefused }
            return first
        case 416: throw StoreError.rangeRefused
        case 404: throw StoreError.network("\(url.absoluteString) is not there: check the address")
        case let status: throw StoreError.network("\(url.absoluteString): the server answered \(status): try again later")
        }
    }
}
