// swift-tools-version: 6.0
import PackageDescription

#if os(Linux)
let engines: [Target.Dependency] = ["MeissonicOrt"]
#else
let engines: [Target.Dependency] = ["MeissonicCoreML", "MeissonicCoreAI"]
#endif

let package = Package(
    name: "Meissonic",
    platforms: [.iOS(.v17), .macOS(.v15)],
    products: [
        .library(name: "MeissonicKit", targets: ["MeissonicKit"]),
        .library(name: "MeissonicCoreML", targets: ["MeissonicCoreML"]),
        .library(name: "MeissonicCoreAI", targets: ["MeissonicCoreAI"]),
        .library(name: "MeissonicStore", targets: ["MeissonicStore"]),
        .library(name: "PictureFiles", targets: ["PictureFiles"]),
        .library(name: "MeissonicStudio", targets: ["MeissonicStudio"]),
    ],
    targets: [
        .target(name: "MeissonicKit"),
        .target(name: "MeissonicStore", dependencies: ["MeissonicKit"]),
        .target(name: "MeissonicStudio", dependencies: ["MeissonicKit", "MeissonicStore", "PictureFiles"]),
        .target(name: "MeissonicCoreML", dependencies: ["MeissonicKit"]),
        .target(name: "MeissonicCoreAI", dependencies: ["MeissonicKit"]),
        .target(name: "PictureFiles", dependencies: ["MeissonicKit", "CZlib"]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .executableTarget(name: "meissonic", dependencies: ["MeissonicKit", "PictureFiles"] + engines),
        .target(name: "TestSupport", dependencies: ["MeissonicKit"], path: "Tests/TestSupport"),
        .testTarget(name: "MeissonicKitTests", dependencies: ["MeissonicKit", "TestSupport"]),
        .testTarget(name: "MeissonicCoreMLTests", dependencies: ["MeissonicKit", "MeissonicCoreML", "TestSupport"]),
        .testTarget(name: "MeissonicStoreTests", dependencies: ["MeissonicStore", "TestSupport"]),
        .testTarget(name: "PictureFilesTests", dependencies: ["PictureFiles", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

// A second engine for the same loop, on Linux: Android bundles on onnxruntime's C API.
#if os(Linux)
// Before Swift 6.2 libswiftObservation.so lacks a function that it calls for a broken mutex (swiftlang/swift issue 75670).
for target in package.targets where target.name == "MeissonicStudio" {
    target.linkerSettings = [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"])]
}
package.targets += [
    .systemLibrary(name: "COnnxRuntime", pkgConfig: "libonnxruntime", providers: [.apt(["libonnxruntime-dev"])]),
    .target(name: "MeissonicOrt", dependencies: ["MeissonicKit", "COnnxRuntime"]),
    .testTarget(name: "MeissonicOrtTests", dependencies: ["MeissonicOrt", "PictureFiles", "TestSupport", "meissonic"]),
    .testTarget(
        name: "MeissonicStudioTests", dependencies: ["MeissonicStudio", "MeissonicOrt", "PictureFiles", "TestSupport"]),
]
#endif
