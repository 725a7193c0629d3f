import Foundation
import TestSupport
import Testing

/// What the Xcode project must say so that the system gives the app pictures and its model.
@Suite struct ProjectTests {
    private let app = Repository.root.appendingPathComponent("ios_demo/App")

    private func project() throws -> String {
        try String(contentsOf: app.appendingPathComponent("Meissonic.xcodeproj/project.pbxproj"), encoding: .utf8)
    }

    @Test func picturesOfOtherAppsCanBeOpened() throws {
        let data = try Data(contentsOf: app.appendingPathComponent("Info.plist"))
        let list = try #require(try PropertyListSerialization.propertyList(from: data, format: nil) as? [String: Any])
        let types = try #require(list["CFBundleDocumentTypes"] as? [[String: Any]])
        #expect(types.compactMap { $0["LSItemContentTypes"] as? [String] } == [["public.image"]])
        // In each configuration, beside the keys that Xcode generates.
        let both = /GENERATE_INFOPLIST_FILE = YES;\s*INFOPLIST_FILE = Info\.plist;/
        #expect(try project().matches(of: both).count == 2)
    }

    @Test func theFolderOfTheAppsModelIsCopiedAsItIs() throws {
        let text = try project()
        let folder = try #require(text.firstMatch(of: /explicitFolders = \(\s*(\w+),\s*\);\s*path = (\w+);/))
        let place = app.appendingPathComponent("\(folder.2)/\(folder.1)")
        #expect(FileManager.default.fileExists(atPath: place.path))
        let start = try String(contentsOf: app.appendingPathComponent("Meissonic/MeissonicApp.swift"), encoding: .utf8)
        #expect(start.contains("resourceURL?.appendingPathComponent(\"\(folder.1)/model\")"))
        let guide = try String(contentsOf: place.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(guide.contains("--out ios_demo/App/\(folder.2)/\(folder.1)/model\n"))
    }
}
