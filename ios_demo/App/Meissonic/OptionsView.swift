import MeissonicKit
import MeissonicStudio
import SwiftUI

/// The rest of the form: a sheet on an iPhone, a column on an iPad.
struct OptionsView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.horizontalSizeClass) private var width
    let manifest: Manifest

    var body: some View {
        @Bindable var app = app
        NavigationStack {
            Form {
                ForEach(app.draft.options(for: manifest), id: \.self) { section in
                    Section {
                        ForEach(section, id: \.self) { OptionRow(option: $0, draft: $app.draft, manifest: manifest) }
                    }
                }
            }
            .scrollDismissesKeyboard(.interactively)
            .navigationTitle("Options")
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .cancellationAction) { Button("Close") { app.showsOptions = false } }
                ToolbarItem(placement: .confirmationAction) { Button("Draw") { app.draw() }.disabled(!app.canDraw) }
            }
        }
        .presentationDetents([.medium, .large])
        .problemAlert($app.hasProblemInSheet, app.problem)
        .onChange(of: app.studio.isWorking) {  // a sheet would cover the picture
            if app.studio.isWorking, width == .compact { app.showsOptions = false }
        }
    }
}

private struct OptionRow: View {
    @Environment(AppModel.self) private var app
    let option: Option
    @Binding var draft: Draft
    let manifest: Manifest

    var body: some View {
        switch option {
        case .mode: ModeChips(mode: $draft.mode)
        case .picture:
            PickedPicture()
            OfferView()
            Complaint(.picture)
        case .fit:
            Picker("Fit the picture by", selection: $draft.fit) {
                ForEach(Fit.allCases, id: \.self) { Text(verbatim: words($0)).tag($0) }
            }
        case .strength:
            VStack(alignment: .leading) {
                Text("How much may change: \(percent(Double(draft.strength) / 100))")
                Slider(value: $draft.share, in: 1...100, step: 1) { Text("How much may change") }
            }
        case .mask:
            MaskRow(manifest: manifest)
            Complaint(.mask)
        case .sides:
            ForEach(Side.allCases, id: \.self) { side in
                Toggle(isOn: $draft[grows: side]) { Text(verbatim: words(side)) }
            }
            Complaint(.sides)
        case .compose: Toggle("Keep the rest as it is", isOn: $draft.compose)
        case .negative: TextField("What not to draw", text: $draft.negative, axis: .vertical).lineLimit(1...3)
        case .size:
            Picker("Size", selection: $draft[sizeAmong: manifest.sizes, or: manifest.defaults.size]) {
                ForEach(manifest.sizes, id: \.self) { Text(verbatim: $0.description).tag($0) }
            }
        case .steps:
            LabeledContent("Steps") {
                TextField("Steps", text: $draft.steps, prompt: Text(verbatim: String(manifest.defaults.steps)))
                    .keyboardType(.numberPad).multilineTextAlignment(.trailing)
            }
            Complaint(.steps)
        case .guidance:
            LabeledContent("Guidance") {
                TextField("Guidance", text: $draft.guidance, prompt: Text(verbatim: tenths(manifest.defaults.guidance)))
                    .keyboardType(.decimalPad).multilineTextAlignment(.trailing)
            }
            Complaint(.guidance)
        case .interval:
            Text("Guides from \(percent(draft.guidanceFrom)) to \(percent(draft.guidanceUntil)) of the steps")
            Button("Guide every step") { draft.guideEveryStep() }
        case .seed:
            LabeledContent("Seed") {
                TextField("Seed", text: $draft.seed, prompt: Text("random"))
                    .keyboardType(.numberPad).multilineTextAlignment(.trailing)
            }
            Complaint(.seed)
        case .preview: Toggle("Show the unfinished picture", isOn: $draft.preview)
        case .unit: UnitPicker()
        }
    }
}

/// The modes, each a tap away.
private struct ModeChips: View {
    @Binding var mode: Mode

    var body: some View {
        ScrollView(.horizontal) {
            HStack {
                ForEach(Mode.allCases, id: \.self) { each in
                    Button {
                        mode = each
                    } label: {
                        Text(verbatim: words(each))
                    }
                    .buttonStyle(.bordered)
                    .buttonBorderShape(.capsule)
                    .tint(each == mode ? Color.accentColor : Color.secondary)
                    .accessibilityAddTraits(each == mode ? .isSelected : [])
                }
            }
        }
        .scrollIndicators(.hidden)
        .controlSize(.large)
    }
}

private struct MaskRow: View {
    let manifest: Manifest
    @State private var isPainting = false

    var body: some View {
        Button("Paint what changes") { isPainting = true }
            .sheet(isPresented: $isPainting) { NavigationStack { MaskView(manifest: manifest) } }
    }
}

/// The compute units to try first.
private struct UnitPicker: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        @Bindable var shelf = app.shelf
        Picker("Compute with", selection: $shelf.placement) {
            ForEach(SelfTest.Placement.every, id: \.self) { Text(verbatim: words($0)).tag($0) }
        }
        .disabled(app.isBusy)
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
