// A STUB of Apple's SwiftUI (and of the few names of CoreGraphics, UIKit, PhotosUI, Accessibility and UniformTypeIdentifiers
// that views use), for the compiler alone: declarations written by hand after Apple's documentation of iOS 17, so that the
// app's views are type-checked on Linux. Nothing here runs; no product contains it. It is narrower than the real thing: texts
// interpolate strings and whole numbers only.
@_exported import Foundation
@_exported import Observation

func stub() -> Never { fatalError("a stub") }

// MARK: - Texts

public struct LocalizedStringKey: ExpressibleByStringInterpolation {
    public struct StringInterpolation: StringInterpolationProtocol {
        public init(literalCapacity: Int, interpolationCount: Int) {}
        public mutating func appendLiteral(_ literal: String) {}
        public mutating func appendInterpolation(_ text: String) {}
        public mutating func appendInterpolation(_ number: Int) {}
    }

    public init(stringLiteral value: String) {}
    public init(stringInterpolation: StringInterpolation) {}
}

public struct Text: Primitive {
    public init(_ key: LocalizedStringKey) {}
    @_disfavoredOverload public init<S: StringProtocol>(_ content: S) {}
    public init(verbatim content: String) {}
}

// MARK: - Views

@MainActor @preconcurrency public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}

public protocol Primitive: View where Body == Never {}
extension Primitive { public var body: Never { stub() } }
extension Never: View { public var body: Never { stub() } }
public struct Some: Primitive {}
public struct EmptyView: Primitive { public init() {} }
extension Optional: View where Wrapped: View { public var body: Never { stub() } }

@resultBuilder public enum ViewBuilder {
    public static func buildBlock<each Content: View>(_ content: repeat each Content) -> Some { stub() }
    public static func buildBlock<Content: View>(_ content: Content) -> Content { stub() }
    public static func buildIf<Content: View>(_ content: Content?) -> Content? { stub() }
    public static func buildEither<Content: View>(first: Content) -> Some { stub() }
    public static func buildEither<Content: View>(second: Content) -> Some { stub() }
    public static func buildLimitedAvailability<Content: View>(_ content: Content) -> Some { stub() }
}

@MainActor @preconcurrency public protocol Scene {
    associatedtype Body: Scene
    @SceneBuilder var body: Body { get }
}
extension Never: Scene {}
@resultBuilder public enum SceneBuilder {
    public static func buildBlock<Content: Scene>(_ content: Content) -> Content { stub() }
}
@MainActor @preconcurrency public protocol App {
    associatedtype Body: Scene
    @SceneBuilder var body: Body { get }
    init()
}
extension App { public static func main() { stub() } }
public struct WindowGroup<Content: View>: Scene {
    public init(@ViewBuilder content: () -> Content) {}
    public var body: Never { stub() }
}

// MARK: - State

@propertyWrapper public struct State<Value> {
    public init(wrappedValue: Value) {}
    public init() where Value: ExpressibleByNilLiteral {}
    public var wrappedValue: Value {
        get { stub() }
        nonmutating set {}
    }
    public var projectedValue: Binding<Value> { stub() }
}

@propertyWrapper @dynamicMemberLookup public struct Binding<Value> {
    public init(projectedValue: Binding<Value>) { self = projectedValue }
    public var wrappedValue: Value {
        get { stub() }
        nonmutating set {}
    }
    public var projectedValue: Binding<Value> { self }
    public subscript<Subject>(dynamicMember path: WritableKeyPath<Value, Subject>) -> Binding<Subject> { stub() }
}

@propertyWrapper @dynamicMemberLookup public struct Bindable<Value: AnyObject & Observable> {
    public init(wrappedValue: Value) {}
    public var wrappedValue: Value { stub() }
    public var projectedValue: Bindable<Value> { self }
    public subscript<Subject>(dynamicMember path: ReferenceWritableKeyPath<Value, Subject>) -> Binding<Subject> { stub() }
}

@propertyWrapper public struct Environment<Value> {
    public init(_ path: KeyPath<EnvironmentValues, Value>) {}
    public init(_ type: Value.Type) where Value: AnyObject & Observable {}
    public var wrappedValue: Value { stub() }
}

@propertyWrapper public struct FocusState<Value: Hashable> {
    public struct Binding {}

    public init() where Value == Bool {}
    public var wrappedValue: Value {
        get { stub() }
        nonmutating set {}
    }
    public var projectedValue: Binding { stub() }
}

public enum ScenePhase { case background, inactive, active }
public enum UserInterfaceSizeClass { case compact, regular }
public struct DismissAction { @MainActor public func callAsFunction() {} }
public struct EnvironmentValues {
    public var scenePhase: ScenePhase { stub() }
    public var dismiss: DismissAction { stub() }
    public var horizontalSizeClass: UserInterfaceSizeClass? { stub() }
    public var verticalSizeClass: UserInterfaceSizeClass? { stub() }
}

// MARK: - Containers

public struct Group: Primitive { public init<C: View>(@ViewBuilder content: () -> C) {} }
public struct Form: Primitive { public init<C: View>(@ViewBuilder content: () -> C) {} }
public struct NavigationStack: Primitive {
    public init<C: View>(@ViewBuilder root: () -> C) {}
    public init<D: MutableCollection & RandomAccessCollection & RangeReplaceableCollection, C: View>(
        path: Binding<D>, @ViewBuilder root: () -> C
    ) where D.Element: Hashable {}
}
public struct Section: Primitive {
    public init<C: View>(@ViewBuilder content: () -> C) {}
    public init<C: View>(_ title: LocalizedStringKey, @ViewBuilder content: () -> C) {}
    @_disfavoredOverload public init<S: StringProtocol, C: View>(_ title: S, @ViewBuilder content: () -> C) {}
    public init<C: View, F: View>(@ViewBuilder content: () -> C, @ViewBuilder footer: () -> F) {}
}
public enum VerticalAlignment { case top, center, bottom }
public struct HStack: Primitive {
    public init<C: View>(
        alignment: VerticalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> C
    ) {}
}
public struct ViewThatFits: Primitive { public init<C: View>(@ViewBuilder content: () -> C) {} }
public struct ZStack: Primitive { public init<C: View>(@ViewBuilder content: () -> C) {} }
public enum HorizontalAlignment { case leading, center, trailing }
public struct VStack: Primitive {
    public init<C: View>(
        alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> C
    ) {}
}
public struct ScrollView: Primitive {
    public init<C: View>(_ axes: Axis.Set = .vertical, @ViewBuilder content: () -> C) {}
}
public struct GridItem {
    public enum Size { case adaptive(minimum: CGFloat) }
    public init(_ size: Size) {}
}
public struct LazyVGrid: Primitive { public init<C: View>(columns: [GridItem], @ViewBuilder content: () -> C) {} }
public struct ForEach: Primitive {
    public init<D: RandomAccessCollection, C: View>(_ data: D, @ViewBuilder content: @escaping (D.Element) -> C)
    where D.Element: Identifiable {}
    public init<D: RandomAccessCollection, I: Hashable, C: View>(
        _ data: D, id: KeyPath<D.Element, I>, @ViewBuilder content: @escaping (D.Element) -> C
    ) {}
}
public struct NavigationLink: Primitive {
    public init<P: Hashable, L: View>(value: P?, @ViewBuilder label: () -> L) {}
}
public struct GeometryProxy { public var size: CGSize { stub() } }
public struct GeometryReader: Primitive {
    public init<C: View>(@ViewBuilder content: @escaping (GeometryProxy) -> C) {}
}

// MARK: - Controls

public struct ButtonRole { public static let destructive = ButtonRole(), cancel = ButtonRole() }
public struct Button: Primitive {
    public init(_ title: LocalizedStringKey, role: ButtonRole? = nil, action: @escaping @MainActor () -> Void) {}
    public init(_ title: LocalizedStringKey, systemImage: String, action: @escaping @MainActor () -> Void) {}
    public init(
        _ title: LocalizedStringKey, systemImage: String, role: ButtonRole?, action: @escaping @MainActor () -> Void
    ) {}
    public init<L: View>(action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> L) {}
    public init<L: View>(role: ButtonRole?, action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> L) {}
}
public struct Menu: Primitive {
    public init<C: View, L: View>(@ViewBuilder content: () -> C, @ViewBuilder label: () -> L) {}
}
public struct Label: Primitive {
    public init(_ title: LocalizedStringKey, systemImage: String) {}
    public init<T: View, I: View>(@ViewBuilder title: () -> T, @ViewBuilder icon: () -> I) {}
}
public struct LabeledContent: Primitive {
    public init<C: View>(_ title: LocalizedStringKey, @ViewBuilder content: () -> C) {}
    @_disfavoredOverload public init<S: StringProtocol, C: View>(_ title: S, @ViewBuilder content: () -> C) {}
}
public enum Axis {
    case horizontal, vertical

    public struct Set: OptionSet, Sendable {
        public let rawValue: Int8
        public init(rawValue: Int8) { self.rawValue = rawValue }
        public static let horizontal = Set(rawValue: 1), vertical = Set(rawValue: 2)
    }
}
public struct TextField: Primitive {
    public init(_ title: LocalizedStringKey, text: Binding<String>) {}
    public init(_ title: LocalizedStringKey, text: Binding<String>, axis: Axis) {}
    public init(_ title: LocalizedStringKey, text: Binding<String>, prompt: Text?) {}
}
public struct Toggle: Primitive {
    public init(_ title: LocalizedStringKey, isOn: Binding<Bool>) {}
    public init<L: View>(isOn: Binding<Bool>, @ViewBuilder label: () -> L) {}
}
public struct Picker: Primitive {
    public init<S: Hashable, C: View>(_ title: LocalizedStringKey, selection: Binding<S>, @ViewBuilder content: () -> C) {}
}
public struct Slider: Primitive {
    public init<V: BinaryFloatingPoint, L: View>(
        value: Binding<V>, in bounds: ClosedRange<V>, step: V, @ViewBuilder label: () -> L
    ) {}
    public init<V: BinaryFloatingPoint, L: View>(
        value: Binding<V>, in bounds: ClosedRange<V>, @ViewBuilder label: () -> L
    ) {}
}
public struct ProgressView: Primitive {
    public init() {}
    public init<L: View>(@ViewBuilder label: () -> L) {}
    public init<V: BinaryFloatingPoint, L: View>(value: V?, total: V = 1, @ViewBuilder label: () -> L) {}
}
public struct ShareLink: Primitive { public init<L: View>(item: URL, @ViewBuilder label: () -> L) {} }
public struct ContentUnavailableView: Primitive {
    public init(_ title: LocalizedStringKey, systemImage: String, description: Text? = nil) {}
}
public enum ToolbarItemPlacement { case confirmationAction, cancellationAction, topBarLeading, topBarTrailing }
@resultBuilder public enum ToolbarBuilder {
    public static func buildBlock(_ items: ToolbarItem...) -> ToolbarItem { stub() }
}
public struct ToolbarItem { public init<C: View>(placement: ToolbarItemPlacement, @ViewBuilder content: () -> C) {} }

// MARK: - Pictures

public final class CGImage: Sendable {
    public var width: Int { stub() }
    public var height: Int { stub() }
}
public struct Image: Primitive {
    public init(systemName: String) {}
    public init(_ image: CGImage, scale: CGFloat, label: Text) {}
    public init(decorative image: CGImage, scale: CGFloat) {}
    public func resizable() -> Image { self }
}
public struct Color: Primitive {
    public static let red = Color(), orange = Color(), secondary = Color(), accentColor = Color()
    public func opacity(_ opacity: Double) -> Color { self }
}
public struct Path {
    public init() {}
    public mutating func move(to point: CGPoint) {}
    public mutating func addLine(to point: CGPoint) {}
}
public enum CGLineCap { case butt, round, square }
public enum CGLineJoin { case miter, round, bevel }
public struct StrokeStyle {
    public init(lineWidth: CGFloat = 1, lineCap: CGLineCap = .butt, lineJoin: CGLineJoin = .miter) {}
}
public struct GraphicsContext {
    public struct Shading { public static func color(_ color: Color) -> Shading { stub() } }
    public struct BlendMode { public static let normal = BlendMode(), clear = BlendMode() }
    public var opacity: Double
    public var blendMode: BlendMode
    public func draw(_ image: Image, in rect: CGRect) {}
    public func drawLayer(content: (inout GraphicsContext) throws -> Void) rethrows {}
    public func stroke(_ path: Path, with shading: Shading, style: StrokeStyle) {}
}
public struct Canvas: Primitive {
    public init(renderer: @escaping (inout GraphicsContext, CGSize) -> Void) {}
}
public struct DragGesture {
    public struct Value { public var location: CGPoint }
    public init(minimumDistance: CGFloat = 10) {}
    public func onChanged(_ action: @escaping (Value) -> Void) -> DragGesture { self }
    public func onEnded(_ action: @escaping (Value) -> Void) -> DragGesture { self }
}

// MARK: - Modifiers

public enum ContentMode { case fit, fill }
public enum Visibility { case automatic, visible, hidden }
public struct TextSelectability { public static var enabled: TextSelectability { stub() } }
extension TextSelectability { public static var disabled: TextSelectability { stub() } }
public enum TextAlignment { case leading, center, trailing }
public enum UIKeyboardType { case numberPad, decimalPad, URL }
public struct TextInputAutocapitalization { public static var never: TextInputAutocapitalization { stub() } }
public struct ScrollDismissesKeyboardMode { public static var interactively: ScrollDismissesKeyboardMode { stub() } }
public struct NavigationBarItem { public enum TitleDisplayMode { case inline, large } }
public struct BorderedButtonStyle { public static var bordered: BorderedButtonStyle { stub() } }
public struct BorderedProminentButtonStyle {
    public static var borderedProminent: BorderedProminentButtonStyle { stub() }
}
public struct ButtonBorderShape { public static let capsule = ButtonBorderShape() }
public enum ControlSize { case mini, small, regular, large, extraLarge }
public enum VerticalEdge { case top, bottom }
public struct PresentationDetent: Hashable, Sendable { public static let medium = PresentationDetent(), large = medium }
public struct ScrollIndicatorVisibility { public static var hidden: ScrollIndicatorVisibility { stub() } }
public struct RoundedRectangle {
    public static func rect(cornerRadius: CGFloat) -> RoundedRectangle { stub() }
}
public struct Material { public static var bar: Material { stub() } }
public struct Font { public static let largeTitle = Font(), title = Font(), footnote = Font() }
public struct Animation { public static let `default` = Animation() }
public struct AnyTransition { public static let opacity = AnyTransition() }
public struct KeyEquivalent: Sendable { public static let `return` = KeyEquivalent() }
public struct AccessibilityTraits: OptionSet, Sendable {  // Apple's is a SetAlgebra
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let isSelected = AccessibilityTraits(rawValue: 1)
}
public struct UTType { public static var folder: UTType { stub() } }

extension View {
    public func environment<T: AnyObject & Observable>(_ object: T?) -> some View { self }
    public func tag<V: Hashable>(_ tag: V) -> some View { self }
    public func navigationTitle(_ title: LocalizedStringKey) -> some View { self }
    public func navigationDestination<D: Hashable, C: View>(
        for data: D.Type, @ViewBuilder destination: @escaping (D) -> C
    ) -> some View { self }
    public func navigationBarTitleDisplayMode(_ mode: NavigationBarItem.TitleDisplayMode) -> some View { self }
    public func onOpenURL(perform action: @escaping @MainActor (URL) -> Void) -> some View { self }
    public func toolbar(@ToolbarBuilder content: () -> ToolbarItem) -> some View { self }
    public func task(_ action: @escaping @Sendable @MainActor () async -> Void) -> some View { self }
    public func task<T: Equatable>(id: T, _ action: @escaping @Sendable @MainActor () async -> Void) -> some View { self }
    public func onAppear(perform action: @escaping @MainActor () -> Void) -> some View { self }
    public func onChange<V: Equatable>(of value: V, _ action: @escaping @MainActor () -> Void) -> some View { self }
    public func alert<A: View, M: View>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, @ViewBuilder actions: () -> A, @ViewBuilder message: () -> M
    ) -> some View { self }
    public func confirmationDialog<A: View>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, titleVisibility: Visibility, @ViewBuilder actions: () -> A
    ) -> some View { self }
    public func confirmationDialog<A: View, T>(
        _ title: LocalizedStringKey, isPresented: Binding<Bool>, titleVisibility: Visibility = .automatic, presenting data: T?,
        @ViewBuilder actions: (T) -> A
    ) -> some View { self }
    public func sheet<C: View>(isPresented: Binding<Bool>, @ViewBuilder content: @escaping () -> C) -> some View { self }
    public func inspector<C: View>(isPresented: Binding<Bool>, @ViewBuilder content: () -> C) -> some View { self }
    public func presentationDetents(_ detents: Set<PresentationDetent>) -> some View { self }
    public func contextMenu<C: View>(@ViewBuilder menuItems: () -> C) -> some View { self }
    public func safeAreaInset<C: View>(edge: VerticalEdge, @ViewBuilder content: () -> C) -> some View { self }
    public func overlay<C: View>(@ViewBuilder content: () -> C) -> some View { self }
    public func fileImporter(
        isPresented: Binding<Bool>, allowedContentTypes: [UTType],
        onCompletion: @escaping @MainActor (Result<URL, any Error>) -> Void
    ) -> some View { self }
    public func disabled(_ disabled: Bool) -> some View { self }
    public func foregroundStyle(_ colour: Color) -> some View { self }
    public func textSelection(_ selectability: TextSelectability) -> some View { self }
    public func multilineTextAlignment(_ alignment: TextAlignment) -> some View { self }
    public func keyboardType(_ type: UIKeyboardType) -> some View { self }
    public func textInputAutocapitalization(_ style: TextInputAutocapitalization?) -> some View { self }
    public func autocorrectionDisabled() -> some View { self }
    public func lineLimit(_ limit: ClosedRange<Int>) -> some View { self }
    public func scrollDismissesKeyboard(_ mode: ScrollDismissesKeyboardMode) -> some View { self }
    public func interactiveDismissDisabled() -> some View { self }
    public func buttonStyle(_ style: BorderedButtonStyle) -> some View { self }
    public func buttonStyle(_ style: BorderedProminentButtonStyle) -> some View { self }
    public func buttonBorderShape(_ shape: ButtonBorderShape) -> some View { self }
    public func controlSize(_ size: ControlSize) -> some View { self }
    public func tint(_ tint: Color?) -> some View { self }
    public func focused(_ condition: FocusState<Bool>.Binding) -> some View { self }
    public func keyboardShortcut(_ key: KeyEquivalent) -> some View { self }
    public func font(_ font: Font?) -> some View { self }
    public func scrollIndicators(_ visibility: ScrollIndicatorVisibility) -> some View { self }
    public func background(_ style: Material) -> some View { self }
    public func background(_ style: Color, in shape: RoundedRectangle) -> some View { self }
    public func clipShape(_ shape: RoundedRectangle) -> some View { self }
    public func animation<V: Equatable>(_ animation: Animation?, value: V) -> some View { self }
    public func transition(_ transition: AnyTransition) -> some View { self }
    public func padding() -> some View { self }
    public func padding(_ length: CGFloat) -> some View { self }
    public func frame(maxWidth: CGFloat? = nil, maxHeight: CGFloat? = nil) -> some View { self }
    public func aspectRatio(_ ratio: CGFloat?, contentMode: ContentMode) -> some View { self }
    public func scaledToFit() -> some View { self }
    public func scaledToFill() -> some View { self }
    public func gesture(_ gesture: DragGesture) -> some View { self }
    public func accessibilityElement() -> some View { self }
    public func accessibilityLabel(_ label: LocalizedStringKey) -> some View { self }
    public func accessibilityLabel(_ label: Text) -> some View { self }
    public func accessibilityValue(_ value: Text) -> some View { self }
    public func accessibilityHidden(_ hidden: Bool) -> some View { self }
    public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View { self }
    public func accessibilityHint(_ hint: LocalizedStringKey) -> some View { self }
}

// MARK: - Accessibility, UIKit, PhotosUI

public enum AccessibilityNotification {
    public struct Announcement {
        public init(_ announcement: String) {}
        public func post() {}
    }
}

@MainActor public final class UIApplication {
    public static let shared = UIApplication()
    public var isIdleTimerDisabled = false
}

public struct PhotosPickerItem: Equatable, Sendable {
    public struct EncodingDisambiguationPolicy { public static var current: EncodingDisambiguationPolicy { stub() } }

    public func loadTransferable<T>(type: T.Type) async throws -> T? { stub() }
}
public struct PHPickerFilter { public static var images: PHPickerFilter { stub() } }
public struct PhotosPicker: Primitive {
    public init(
        _ title: LocalizedStringKey, selection: Binding<PhotosPickerItem?>, matching: PHPickerFilter?,
        preferredItemEncoding: PhotosPickerItem.EncodingDisambiguationPolicy
    ) {}
}
