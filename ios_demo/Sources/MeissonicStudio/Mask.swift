import MeissonicKit

/// The path of a finger over the picture.
public struct Stroke: Codable, Sendable, Equatable {
    /// Shares of the picture's width and height.
    public struct Point: Codable, Sendable, Equatable {
        public var x, y: Float

        public init(x: Float, y: Float) { (self.x, self.y) = (x, y) }
    }

    public var points: [Point]
    /// A share of the picture's shorter side.
    public var radius: Float
    public var erases: Bool

    public init(_ points: [Point], radius: Float, erases: Bool = false) {
        (self.points, self.radius, self.erases) = (points, radius, erases)
    }

    /// A stroke that covers everything.
    public static let everything = Stroke([Point(x: 0.5, y: 0.5)], radius: 100)
}

/// The mask of some strokes: white (255) where the picture is to be redrawn, else black.
public func paint(_ strokes: [Stroke], size: Size) -> GrayPicture {
    var levels = [UInt8](repeating: 0, count: size.width * size.height)
    for stroke in strokes {
        let radius = stroke.radius * Float(min(size.width, size.height))
        let points = stroke.points.map { SIMD2($0.x * Float(size.width), $0.y * Float(size.height)) }
        for (from, to) in zip(points, points.dropFirst() + points.suffix(1)) {
            fill(&levels, size, from, to, radius, stroke.erases ? 0 : 255)
        }
    }
    return GrayPicture(size: size, levels: levels)
}

/// Every pixel whose centre is within `radius` of the line between two points.
private func fill(
    _ levels: inout [UInt8], _ size: Size, _ from: SIMD2<Float>, _ to: SIMD2<Float>, _ radius: Float, _ level: UInt8
) {
    let way = to - from
    let length = (way * way).sum()
    func range(_ a: Float, _ b: Float, _ end: Int) -> Range<Int> {
        let first = min(max(Int(min(a, b) - radius), 0), end)
        return first..<max(first, min(Int(max(a, b) + radius) + 1, end))
    }
    for y in range(from.y, to.y, size.height) {
        for x in range(from.x, to.x, size.width) {
            let offset = SIMD2(Float(x) + 0.5, Float(y) + 0.5) - from
            let along = length == 0 ? 0 : min(max((offset * way).sum() / length, 0), 1)
            let away = offset - along * way
            if (away * away).sum() <= radius * radius { levels[y * size.width + x] = level }
        }
    }
}
