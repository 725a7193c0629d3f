import Foundation
import Synchronization

/// An HTTP/1.1 server on this machine that serves a folder, with a fault in one file.
final class LocalServer: Sendable {
    enum Behaviour: Sendable {
        case proper
        case ignoresRanges
        /// Starts at another byte than requested, and says so.
        case startsElsewhere
        case refusesRanges
        /// Announces the full length, then closes the connection after this many bytes.
        case dropsAfter(Int)
        /// Announces no length, then closes the connection after this many bytes.
        case endsAfter(Int)
        /// Announces the full length, sends this many bytes, and waits for another behaviour before the rest.
        case stallsAfter(Int)
        case answers(Int)
        /// Sends this many other bytes.
        case sends(Int)
    }

    let address: URL
    private let folder: URL
    private let faulty: String
    private let socket: Int32
    private let behaviour: Mutex<Behaviour>
    private let asked = Mutex<[Int]>([])
    private let stopped = Mutex(false)

    /// `faulty`: the file that `behaviour` concerns.
    init(_ folder: URL, faulty: String, _ behaviour: Behaviour = .proper) throws {
        self.folder = folder
        self.faulty = faulty
        self.behaviour = Mutex(behaviour)
        #if os(Linux)
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        self.socket = socket
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &place) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(socket, place, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, place, &size) == 0
            }
        }
        guard bound, let url = URL(string: "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))/bundle") else {
            throw POSIXError(.EADDRNOTAVAIL)
        }
        address = url
        Thread { [self] in serve() }.start()
    }

    /// The first byte of each request for the faulty file.
    var offsets: [Int] { asked.withLock { $0 } }
    func become(_ other: Behaviour) { behaviour.withLock { $0 = other } }

    /// The accepting thread closes the socket. If it were closed here, that thread could accept on the reused number.
    func stop() {
        stopped.withLock { $0 = true }
        shutdown(socket, Int32(SHUT_RDWR))
    }

    private func serve() {
        defer { close(socket) }
        while true {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { return }
            guard !stopped.withLock({ $0 }) else {
                close(connection)
                return
            }
            #if !os(Linux)
            var yes: Int32 = 1
            setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
            #endif
            Thread { [self] in
                answer(connection)
                close(connection)
            }.start()
        }
    }

    private func answer(_ connection: Int32) {
        guard let head = readHead(connection) else { return }
        let lines = head.split(separator: "\r\n")
        let path = String(lines[0].split(separator: " ")[1].dropFirst("/bundle/".count))
        let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
        let offset = range.flatMap { Int($0.dropFirst(13).prefix { $0 != "-" }) } ?? 0
        let mine = path == faulty
        if mine { asked.withLock { $0.append(offset) } }
        guard let data = try? Data(contentsOf: folder.appendingPathComponent(path)) else {
            return send(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n")
        }
        switch mine ? behaviour.withLock({ $0 }) : .proper {
        case .proper: whole(connection, data, from: offset)
        case .ignoresRanges: whole(connection, data, from: 0)
        case .startsElsewhere where offset > 0: whole(connection, data, from: offset + 7)
        case .refusesRanges where offset > 0:
            send(connection, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n")
        case .startsElsewhere, .refusesRanges: whole(connection, data, from: 0)
        case .dropsAfter(let count):
            send(connection, "HTTP/1.1 200 OK\r\nContent-Length: \(data.count)\r\n", data.prefix(count))
        case .endsAfter(let count): send(connection, "HTTP/1.1 200 OK\r\n", data.prefix(count))
        case .stallsAfter(let count):
            send(connection, "HTTP/1.1 200 OK\r\nContent-Length: \(data.count)\r\n", data.prefix(count))
            while case .stallsAfter = behaviour.withLock({ $0 }), !stopped.withLock({ $0 }) { usleep(1000) }
            _ = write(connection, data.dropFirst(count))
        case .answers(let status):
            let page = Data("a page that is no model".utf8)
            send(connection, "HTTP/1.1 \(status) Something\r\nContent-Length: \(page.count)\r\n", page)
        case .sends(let count):
            send(connection, "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n", Data(repeating: 7, count: count))
        }
    }

    private func whole(_ connection: Int32, _ data: Data, from offset: Int) {
        let status =
            offset > 0
            ? "206 Partial Content\r\nContent-Range: bytes \(offset)-\(data.count - 1)/\(data.count)" : "200 OK"
        send(connection, "HTTP/1.1 \(status)\r\nContent-Length: \(data.count - offset)\r\n", data.dropFirst(offset))
    }

    private func send(_ connection: Int32, _ head: String, _ body: Data = Data()) {
        _ = write(connection, Data("\(head)Connection: close\r\n\r\n".utf8)) && write(connection, body)
    }

    private func readHead(_ connection: Int32) -> String? {
        var head = Data()
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            head.append(byte)
        }
        return String(decoding: head, as: UTF8.self)
    }

    private func write(_ connection: Int32, _ data: Data) -> Bool {
        #if os(Linux)
        let flags = Int32(MSG_NOSIGNAL)
        #else
        let flags: Int32 = 0
        #endif
        var rest = Array(data)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, flags) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
