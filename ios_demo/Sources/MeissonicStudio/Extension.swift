import MeissonicKit

extension Margins {
    /// Whole tokens on the sides to extend: half a direction in all, shared where both its sides grow.
    public init(extending sides: Set<Side>, of size: Size, tokenSize: Int) {
        func share(_ side: Side, _ other: Side, _ length: Int) -> Int {
            guard sides.contains(side) else { return 0 }
            return max(1, length / tokenSize / (sides.contains(other) ? 4 : 2)) * tokenSize
        }
        self.init(
            left: share(.left, .right, size.width), top: share(.top, .bottom, size.height),
            right: share(.right, .left, size.width), bottom: share(.bottom, .top, size.height))
    }
}

extension Size {
    /// What margins leave of a size.
    func inside(_ margins: Margins) -> Size {
        Size(width: width - margins.left - margins.right, height: height - margins.top - margins.bottom)
    }
}
