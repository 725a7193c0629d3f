import MeissonicKit
import MeissonicStudio
import SwiftUI

/// The form, the progress and the picture.
struct DrawView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        @Bindable var app = app
        Form {
            if let model = app.shelf.model {
                PromptSection(draft: $app.draft)
                StartSection(draft: $app.draft, manifest: model.bundle.manifest)
                ValuesSection(draft: $app.draft, manifest: model.bundle.manifest)
                DrawingSection()
            } else {
                Section {
                    Text(
                        "There is no model on this device yet. A model is a folder that “python -m export.coreml” makes: download or import it."
                    )
                    Button("Get a model") { app.tab = .model }
                }
            }
        }
        .scrollDismissesKeyboard(.interactively)
        .navigationTitle("Meissonic")
    }
}

private struct PromptSection: View {
    @Binding var draft: Draft

    var body: some View {
        Section {
            TextField("What to draw", text: $draft.prompt, axis: .vertical).lineLimit(1...5)
            Complaint(.prompt)
            TextField("What not to draw", text: $draft.negative, axis: .vertical).lineLimit(1...3)
        }
    }
}

/// The mode, and the fields of drawing on a picture.
private struct StartSection: View {
    @Binding var draft: Draft
    let manifest: Manifest
    @State private var painting = false

    var body: some View {
        if manifest.edits {
            Section {
                Picker("Start from", selection: $draft.mode) {
                    ForEach(Mode.allCases, id: \.self) { Text(verbatim: words($0)).tag($0) }
                }
                if draft.mode != .text {
                    PickedPicture()
                    Complaint(.picture)
                }
                switch draft.mode {
                case .text: EmptyView()
                case .redraw:
                    VStack(alignment: .leading) {
                        Text("How much may change: \(percent(Double(draft.strength) / 100))")
                        Slider(value: $draft.share, in: 1...100, step: 1) { Text("How much may change") }
                    }
                case .repaint:
                    Button("Paint what changes") { painting = true }
                    Complaint(.mask)
                case .extend:
                    ForEach(Side.allCases, id: \.self) { side in
                        Toggle(isOn: $draft[grows: side]) { Text(verbatim: words(side)) }
                    }
                    Complaint(.sides)
                }
            }
            .sheet(isPresented: $painting) { NavigationStack { MaskView(manifest: manifest) } }
        }
    }
}

private struct ValuesSection: View {
    @Binding var draft: Draft
    let manifest: Manifest

    var body: some View {
        Section {
            LabeledContent("Seed") {
                TextField("Seed", text: $draft.seed, prompt: Text("random"))
                    .keyboardType(.numberPad).multilineTextAlignment(.trailing)
            }
            Complaint(.seed)
            LabeledContent("Steps") {
                TextField("Steps", text: $draft.steps, prompt: Text(verbatim: String(manifest.defaults.steps)))
                    .keyboardType(.numberPad).multilineTextAlignment(.trailing)
            }
            Complaint(.steps)
            LabeledContent("Guidance") {
                TextField("Guidance", text: $draft.guidance, prompt: Text(verbatim: tenths(manifest.defaults.guidance)))
                    .keyboardType(.decimalPad).multilineTextAlignment(.trailing)
            }
            Complaint(.guidance)
            Picker("Size", selection: $draft[sizeAmong: manifest.sizes, or: manifest.defaults.size]) {
                ForEach(manifest.sizes, id: \.self) { Text(verbatim: $0.description).tag($0) }
            }
            Toggle("Show the unfinished picture", isOn: $draft.preview)
        }
    }
}

/// Shows at a field what is wrong with it.
private struct Complaint: View {
    @Environment(AppModel.self) private var app
    private let field: Field

    init(_ field: Field) { self.field = field }

    var body: some View {
        if app.wrong == field {
            Label {
                Text(verbatim: words(field))
            } icon: {
                Image(systemName: "exclamationmark.circle")
            }.foregroundStyle(.red)
        }
    }
}

/// Bindings for controls.
extension Draft {
    /// Percent.
    fileprivate var share: Double {
        get { Double(strength) }
        set { strength = Int(newValue) }
    }

    fileprivate subscript(grows side: Side) -> Bool {
        get { sides.contains(side) }
        set { if newValue { sides.insert(side) } else { sides.remove(side) } }
    }

    fileprivate subscript(sizeAmong sizes: [Size], or usual: Size) -> Size {
        get { size.flatMap { sizes.contains($0) ? $0 : nil } ?? usual }
        set { size = newValue }
    }
}
