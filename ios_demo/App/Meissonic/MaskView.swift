import MeissonicKit
import MeissonicStudio
import SwiftUI

/// Paints the mask: the part of the chosen picture to redraw.
struct MaskView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.dismiss) private var dismiss
    let manifest: Manifest
    @State private var image: CGImage?
    /// A share of the shorter side.
    @State private var radius = 0.1
    @State private var erases = false
    @State private var painting = false

    var body: some View {
        VStack {
            if let image {
                canvas(image).aspectRatio(Double(image.width) / Double(image.height), contentMode: .fit)
                    .accessibilityElement()
                    .accessibilityLabel("The picture to paint on")
                    .accessibilityHint(
                        "Paint with your finger over the part to redraw. The button “Everything” paints it all.")
            } else if app.picked == nil {
                Text(verbatim: words(Field.picture))
            } else {
                ProgressView()
            }
            LabeledContent("Brush") { Slider(value: $radius, in: 0.02...0.4) { Text("Brush") } }
            Toggle("Erase", isOn: $erases)
            ViewThatFits {  // with large letters, a line for each
                HStack { buttons }
                VStack { buttons }
            }
            .buttonStyle(.bordered)
            .disabled(app.picked == nil)
        }
        .padding()
        .navigationTitle("Paint what changes")
        .navigationBarTitleDisplayMode(.inline)
        .toolbar { ToolbarItem(placement: .confirmationAction) { Button("Use") { dismiss() } } }
        .interactiveDismissDisabled()  // because a stroke downwards would close the sheet
        .task { image = await fitted()?.cgImage }
    }

    @ViewBuilder private var buttons: some View {
        Button("Undo") { app.draft.strokes = Array(app.draft.strokes.dropLast()) }
        Button("Clear", role: .destructive) { app.draft.strokes = [] }
        Button("Everything") { app.draft.strokes = [.everything] }
    }

    /// What the model draws on: the picture in the model's shape.
    private func fitted() async -> Picture? {
        guard let picked = app.picked else { return nil }
        return await fit(picked, to: app.draft.size(for: manifest), app.draft.fit)
    }

    /// Off the main thread.
    private nonisolated func fit(_ picture: Picture, to size: Size, _ how: Fit) async -> Picture {
        picture.fitted(to: size, how)
    }

    private func canvas(_ image: CGImage) -> some View {
        GeometryReader { place in
            Canvas { context, size in
                context.draw(Image(decorative: image, scale: 1), in: CGRect(origin: .zero, size: size))
                context.opacity = 0.7
                context.drawLayer { layer in  // so that erasing removes paint and not the picture
                    for stroke in app.draft.strokes { draw(stroke, size, &layer) }
                }
            }
            .gesture(
                DragGesture(minimumDistance: 0).onChanged { add($0.location, place.size) }.onEnded { _ in painting = false })
        }
    }

    private func draw(_ stroke: Stroke, _ size: CGSize, _ layer: inout GraphicsContext) {
        var path = Path()
        let points = stroke.points.map { CGPoint(x: Double($0.x) * size.width, y: Double($0.y) * size.height) }
        guard let first = points.first else { return }
        path.move(to: first)
        for point in points { path.addLine(to: point) }
        layer.blendMode = stroke.erases ? .clear : .normal
        let width = 2 * Double(stroke.radius) * min(size.width, size.height)
        layer.stroke(path, with: .color(.orange), style: StrokeStyle(lineWidth: width, lineCap: .round, lineJoin: .round))
    }

    private func add(_ location: CGPoint, _ size: CGSize) {
        func share(_ value: Double, _ whole: Double) -> Float { Float(min(max(value / whole, 0), 1)) }
        let point = Stroke.Point(x: share(location.x, size.width), y: share(location.y, size.height))
        if painting, let last = app.draft.strokes.indices.last {
            app.draft.strokes[last].points.append(point)
        } else {
            painting = true
            app.draft.strokes.append(Stroke([point], radius: Float(radius), erases: erases))
        }
    }
}
