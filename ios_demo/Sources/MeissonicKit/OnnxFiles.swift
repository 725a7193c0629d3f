import Foundation

/// The files beside an ONNX model that it reads weights from, found in its protobuf message.
///
/// onnxruntime opens them by the names in the model, so a manifest has to list each one. Only the fields on the way from the
/// model to a tensor's external data are read (onnx.proto); a tensor's own bytes are skipped.
struct OnnxFiles {
    private enum Part {
        case model, graph, function, node, attribute, sparse, tensor, entry

        /// The part in a field, if it leads to external data.
        func field(_ number: UInt64) -> Part? {
            switch (self, number) {
            case (.model, 7), (.attribute, 6), (.attribute, 11): .graph
            case (.model, 25): .function
            case (.graph, 1), (.function, 7): .node
            case (.node, 5), (.function, 11): .attribute
            case (.graph, 5), (.attribute, 5), (.attribute, 10), (.sparse, 1), (.sparse, 2): .tensor
            case (.graph, 15), (.attribute, 22), (.attribute, 23): .sparse
            case (.tensor, 13): .entry
            default: nil
            }
        }
    }

    private struct Message {
        let part: Part
        let range: Range<Int>
        let depth: Int
    }

    private static let maxDepth = 100  // of graphs within graphs; protobuf's own readers stop there too
    private let data: Data

    /// The locations that tensors of the model name, as written. Throws `OnnxProblem` for a damaged model.
    static func locations(in file: URL) throws -> Set<String> {
        let data: Data
        do { data = try Data(contentsOf: file, options: .alwaysMapped) } catch {
            throw OnnxProblem(line: error.localizedDescription)
        }
        guard !data.isEmpty else { throw OnnxProblem(line: "it is empty") }
        return try OnnxFiles(data: data).locations()
    }

    private func locations() throws -> Set<String> {
        var found: Set<String> = []
        var messages = [Message(part: .model, range: 0..<data.count, depth: 0)]
        while let message = messages.popLast() {
            guard message.depth <= OnnxFiles.maxDepth else { throw OnnxProblem(line: "its graphs are nested too deep") }
            if message.part == .entry {
                if let location = try location(message.range) { found.insert(location) }
                continue
            }
            for (number, range) in try fields(message.range) {
                guard let part = message.part.field(number) else { continue }
                messages.append(Message(part: part, range: range, depth: message.depth + 1))
            }
        }
        return found
    }

    /// The value of an entry (StringStringEntryProto) whose key is "location"; else nil.
    private func location(_ entry: Range<Int>) throws -> String? {
        var pair: [UInt64: String] = [:]
        for (number, range) in try fields(entry) {
            pair[number] = String(decoding: data[range.prefix(Limits.path + 1)], as: UTF8.self)
        }
        return pair[1] == "location" ? pair[2] ?? "" : nil
    }

    /// The strings and messages of a message: field number and content.
    private func fields(_ message: Range<Int>) throws -> [(number: UInt64, range: Range<Int>)] {
        var fields: [(number: UInt64, range: Range<Int>)] = []
        var at = message.lowerBound
        while at < message.upperBound {
            let key = try number(&at, message.upperBound) & 0xffff_ffff  // as protobuf reads a tag
            let length: UInt64
            switch key & 7 {
            case 0:
                _ = try number(&at, message.upperBound)
                continue
            case 1: length = 8
            case 2: length = try number(&at, message.upperBound)
            case 5: length = 4
            default: throw OnnxProblem(line: "wire type \(key & 7) at byte \(at)")
            }
            guard length <= UInt64(message.upperBound - at) else {
                throw OnnxProblem(line: "it ends within the field at byte \(at)")
            }
            if key & 7 == 2 { fields.append((key >> 3, at..<at + Int(length))) }
            at += Int(length)
        }
        return fields
    }

    private func number(_ at: inout Int, _ end: Int) throws -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<10 {
            guard at < end else { break }
            let byte = data[at]
            at += 1
            value |= UInt64(byte & 127) << UInt64(7 * place)
            if byte < 128 { return value }
        }
        throw OnnxProblem(line: "no number at byte \(at)")
    }
}

/// The fault of a model's file, as the end of a sentence.
struct OnnxProblem: Error {
    let line: String
}
