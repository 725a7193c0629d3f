#if canImport(CoreML)
import CoreML
import MeissonicKit
#endif
