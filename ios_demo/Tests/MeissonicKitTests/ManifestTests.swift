import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

/// The manifests of tests/vectors/manifests.json, which a runtime of every language accepts or refuses.
@Suite struct ManifestTests {
    struct Case: Decodable {
        let name: String
        let accepted: Bool
        let find: String
        let replace: String
        let pad: Int
    }

    struct Cases: Decodable {
        let base: String
        let cases: [Case]
    }

    private func refusal(_ manifest: Data) -> String? {
        do { _ = try ModelBundle.readManifest(manifest, named: "manifest.json") } catch { return "\(error)" }
        return nil
    }

    @Test func theManifestsThatPythonAcceptsAndRefusesAreAcceptedAndRefused() throws {
        let vector: Cases = try Repository.json("tests/vectors/manifests.json")
        #expect(vector.cases.count > 100)
        for each in vector.cases {
            var text = vector.base
            if !each.find.isEmpty { text.replaceSubrange(try #require(text.range(of: each.find)), with: each.replace) }
            var manifest = Data(text.utf8)
            manifest.append(Data(repeating: 0x20, count: max(0, each.pad - manifest.count)))
            let refusal = refusal(manifest)
            #expect((refusal == nil) == each.accepted, "\(each.name): \(refusal ?? "accepted")")
        }
    }

    /// As in Python and Kotlin.
    @Test func theLastOfEqualKeysCounts() throws {
        struct Value: Decodable { let a: [String: Int] }
        func decoded(_ text: String) throws -> [String: Int] { try StrictJSON.decode(Value.self, from: Data(text.utf8)).a }
        #expect(try decoded(#"{"a":null,"a":{"x":1,"y":2,"\u0078":{"x":1,"x":[]},"x":3} , "b":4}"#) == ["x": 3, "y": 2])
        #expect(try decoded(#"{"b":1.5, "a":{"x":1} ,"b":"," }"#) == ["x": 1])
        #expect(throws: DecodingError.self) { try decoded(#"{"a":{"x":1},"a":{"x":"1"}}"#) }
    }

    @Test func aRefusalIsOneLineThatSteersNoTerminal() {
        let line = refusal(Data(#"{"format":"meissonic-mobile","version":1,"\u001b[2J\nx":1}"#.utf8)) ?? ""
        #expect(!line.isEmpty && !line.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(line)")
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        #expect(refusal(Data("{\"a\":\"".utf8) + [0xff] + Data("\"}".utf8))?.contains("is not UTF-8") == true)
    }

    @Test func aManifestThatIsNoFileIsRefused() throws {
        let folder = try Repository.temporaryFolder()
        let place = folder.appendingPathComponent("manifest.json")
        try FileManager.default.createSymbolicLink(at: place, withDestinationURL: URL(fileURLWithPath: "/dev/zero"))
        #expect(throws: UserError.self) { try ModelBundle.readManifest(folder) }
    }
}
