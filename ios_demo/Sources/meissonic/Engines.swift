import Foundation
import MeissonicKit

#if canImport(CoreML)
import MeissonicCoreML

#if canImport(CoreAI)
import MeissonicCoreAI
#endif

/// A Core AI engine, or one of Core ML with packages compiled once into the user's caches, as the manifest says.
func openEngine(_ bundle: ModelBundle, _ job: Job) throws -> any Engine {
    #if canImport(CoreAI)
    if bundle.manifest.engine == .coreAI, #available(macOS 27.0, *) { return try CoreAIEngine(bundle: bundle) }
    #endif
    let caches = try FileManager.default.url(
        for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
    return try CoreMLEngine(
        bundle: bundle, compiled: CompiledPackages(folder: caches.appendingPathComponent("meissonic")))
}
#else
import MeissonicOrt

func openEngine(_ bundle: ModelBundle, _ job: Job) throws -> any Engine {
    try OrtEngine(bundle: bundle, library: OrtLibrary(), threads: job.threads, lowMemory: job.lowMemory)
}
#endif
