import Foundation
import MeissonicKit

#if canImport(CoreML)
import MeissonicCoreML

/// A Core ML engine, with packages compiled once into the user's caches.
func openEngine(_ bundle: ModelBundle, _ job: Job) throws -> any Engine {
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
