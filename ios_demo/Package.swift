// swift-tools-version: 6.0
import PackageDescription

#if os(Linux)
let engine = "MeissonicOrt"
#else
let engine = "MeissonicCoreML"
#endif

let package = Package(
    name: "Meissonic",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "MeissonicKit", targets: ["MeissonicKit"]),
        .library(name: "MeissonicCoreML", targets: ["MeissonicCoreML"]),
        .library(name: "MeissonicStore", targets: ["MeissonicStore"]),
    ],
    targets: [
        .target(name: "MeissonicKit"),
        .target(name: "MeissonicStore", dependencies: ["MeissonicKit"]),
        .target(name: "MeissonicCoreML", dependencies: ["MeissonicKit"]),
        .target(name: "PictureFiles", dependencies: ["MeissonicKit", "CZlib"]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .executableTarget(name: "meissonic", dependencies: ["MeissonicKit", "PictureFiles", .byName(name: engine)]),
        .target(name: "TestSupport", dependencies: ["MeissonicKit"], path: "Tests/TestSupport"),
        .testTarget(name: "MeissonicKitTests", dependencies: ["MeissonicKit", "TestSupport"]),
        .testTarget(name: "MeissonicCoreMLTests", dependencies: ["MeissonicKit", "MeissonicCoreML", "TestSupport"]),
        .testTarget(name: "MeissonicStoreTests", dependencies: ["MeissonicStore", "TestSupport"]),
        .testTarget(name: "PictureFilesTests", dependencies: ["PictureFiles", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

// Bundles for Android, drawn from Swift: a second engine under the same loop, where its C header is installed.
#if os(Linux)
package.targets += [
    .systemLibrary(name: "COnnxRuntime", pkgConfig: "libonnxruntime", providers: [.apt(["libonnxruntime-dev"])]),
    .target(name: "MeissonicOrt", dependencies: ["MeissonicKit", "COnnxRuntime"]),
    .testTarget(name: "MeissonicOrtTests", dependencies: ["MeissonicOrt", "PictureFiles", "TestSupport", "meissonic"]),
]
#endif
