import Foundation
import MeissonicKit

/// 64 hexadecimal digits.
public func sha256(_ bytes: [UInt8]) -> String { MeissonicKit.sha256(Data(bytes)) }
