// A STUB for the compiler: names that Foundation has only on Apple's systems, and the declarations of Pictures.swift, which
// uses Apple's frameworks throughout and is only parsed.
import Foundation
import MeissonicKit
import SwiftUI

extension String {
    init(localized key: LocalizedStringKey) { fatalError("a stub") }
}

extension URL {
    static var applicationSupportDirectory: URL { fatalError("a stub") }
    static var documentsDirectory: URL { fatalError("a stub") }
    func startAccessingSecurityScopedResource() -> Bool { fatalError("a stub") }
    func stopAccessingSecurityScopedResource() { fatalError("a stub") }
}

extension Picture {
    var cgImage: CGImage? { fatalError("a stub") }
    init?(reading data: Data, longest: Int) { fatalError("a stub") }
}

func thumbnail(of file: URL, longest: Int) async -> CGImage? { fatalError("a stub") }

func saveToPhotos(_ file: URL) async throws { fatalError("a stub") }
