import Foundation

/// The files beside an ONNX model that it reads, found in its protobuf message: weights and compiled contexts.
///
/// onnxruntime opens them by the names in the model, so a manifest has to list each one. Only the fields on the way from the
/// model to such a name are read (onnx.proto); a tensor's own bytes are skipped.
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

    private static let maxDepth = 100  // of graphs within graphs; protobuf's own readers stop there too
    private let data: Data
    private var found: Set<String> = []

    /// The locations that tensors and contexts of the model name, as written. Throws `OnnxProblem` for a damaged model.
    static func locations(in file: URL) throws -> Set<String> {
        let data: Data
        do { data = try Data(contentsOf: file, options: .alwaysMapped) } catch {
            throw OnnxProblem(line: error.localizedDescription)
        }
        guard !data.isEmpty else { throw OnnxProblem(line: "it is empty") }
        var files = OnnxFiles(data: data)
        try files.read(.model, 0..<data.count, 0)
        return files.found
    }

    private init(data: Data) { self.data = data }

    private mutating func read(_ part: Part, _ content: Range<Int>, _ depth: Int) throws {
        guard depth <= OnnxFiles.maxDepth else { throw OnnxProblem(line: "its graphs are nested too deep") }
        if part == .entry { return try readEntry(content) }
        if part == .attribute { try readAttribute(content) }
        var at = content.lowerBound
        while let (number, range) = try field(&at, content.upperBound) {
            if let part = part.field(number) { try read(part, range, depth + 1) }
        }
    }

    /// Adds the value of an entry (StringStringEntryProto) whose key is "location".
    private mutating func readEntry(_ content: Range<Int>) throws {
        let pair = try strings(content)
        if pair[1] == "location" { try add(pair[2] ?? "") }
    }

    /// Adds the binary that an EPContext names.
    private mutating func readAttribute(_ content: Range<Int>) throws {
        let attribute = try strings(content)
        if attribute[1] == "ep_cache_context" { try add(attribute[4] ?? "") }
    }

    /// The strings of a message by field number. Only as much as a path may have is read of each.
    private func strings(_ content: Range<Int>) throws -> [UInt64: String] {
        var found: [UInt64: String] = [:]
        var at = content.lowerBound
        while let (number, range) = try field(&at, content.upperBound) {
            if number <= 4 { found[number] = String(decoding: data[range.prefix(Limits.path + 1)], as: UTF8.self) }
        }
        return found
    }

    private mutating func add(_ location: String) throws {
        found.insert(location)
        guard found.count <= Limits.files else { throw OnnxProblem(line: "it names more than \(Limits.files) files") }
    }

    /// The next string or message of a message: field number and content; nil at the end.
    private func field(_ at: inout Int, _ end: Int) throws -> (number: UInt64, content: Range<Int>)? {
        while at < end {
            let key = try number(&at, end) & 0xffff_ffff  // as protobuf reads a tag
            let length: UInt64
            switch key & 7 {
            case 0:
                _ = try number(&at, end)
                continue
            case 1: length = 8
            case 2: length = try number(&at, end)
            case 5: length = 4
            default: throw OnnxProblem(line: "wire type \(key & 7) at byte \(at)")
            }
            guard length <= UInt64(end - at) else { throw OnnxProblem(line: "it ends within the field at byte \(at)") }
            let content = at..<at + Int(length)
            at = content.upperBound
            if key & 7 == 2 { return (key >> 3, content) }
        }
        return nil
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
