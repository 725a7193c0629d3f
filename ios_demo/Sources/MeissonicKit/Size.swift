/// Width and height in pixels.
public struct Size: Sendable, Hashable, CustomStringConvertible {
    public let width: Int
    public let height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    public var description: String { "\(width)x\(height)" }
}

/// Height and width in tokens.
public struct Grid: Sendable, Hashable {
    public let height: Int
    public let width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    public init(_ size: Size, tokenSize: Int) {
        self.init(height: size.height / tokenSize, width: size.width / tokenSize)
    }

    public var count: Int { height * width }
    public var shape: [Int] { [height, width] }
}
