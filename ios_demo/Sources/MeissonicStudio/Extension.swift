import MeissonicKit

extension Margins {
    /// Margins in whole tokens on the sides to extend. They fill half of the width or height, shared if both sides grow.
    public init(extending sides: Set<Side>, of size: Size, tokenSize: Int) {
        func share(_ side: Side, _ other: Side, _ length: Int) -> Int {
            guard sides.contains(side) else { return 0 }
            return max(1, length / tokenSize / (sides.contains(other) ? 4 : 2)) * tokenSize
        }
        self.init(
            left: share(.left, .right, size.width), top: share(.top, .bottom, size.height),
            right: share(.right, .left, size.width), bottom: share(.bottom, .top, size.height))
    }

    /// The sides that have a margin.
    var sides: Set<Side> {
        Set([(Side.left, left), (.top, top), (.right, right), (.bottom, bottom)].filter { $0.1 > 0 }.map(\.0))
    }
}

extension Size {
    /// The size inside the margins.
    func inside(_ margins: Margins) -> Size {
        Size(width: width - margins.left - margins.right, height: height - margins.top - margins.bottom)
    }
}
