import MeissonicKit
import MeissonicStore
import MeissonicStudio
import SwiftUI
import UniformTypeIdentifiers

/// Installs, chooses and removes models, and shows the results of the chosen one's self-test.
struct ModelView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        Form {
            ForEach(app.shelf.models) { ModelSection(model: $0) }
            if let arriving = app.shelf.arriving {
                Section {
                    ArrivingView(arriving: arriving)
                } footer: {
                    Text("Leave the app open: the system stops it in the background. The part that arrived is kept.")
                }
            } else {
                GetSection()
            }
            if let model = app.shelf.model { TestSection(model: model) }
        }
        .navigationTitle("Model")
    }
}

private struct ModelSection: View {
    @Environment(AppModel.self) private var app
    let model: StoredModel
    @State private var removing = false

    var body: some View {
        Section {
            LabeledContent(printable(model.bundle.manifest.model.name)) { Text(verbatim: size(model.size)) }
            if app.shelf.model?.id == model.id {
                Label("Drawn with", systemImage: "checkmark")
                Text(verbatim: memory(model)).foregroundStyle(.secondary)
            } else {
                Button("Draw with this one") { app.shelf.choose(model) }.disabled(app.isBusy)
            }
            Button("Delete the model", role: .destructive) { removing = true }.disabled(app.isBusy)
        }
        .confirmationDialog(
            "Delete the model? To draw again you must download or import it.", isPresented: $removing, titleVisibility: .visible
        ) {
            Button("Delete", role: .destructive) { app.remove(model) }
        }
    }
}

private struct GetSection: View {
    @Environment(AppModel.self) private var app
    @State private var address = ""
    @State private var importing = false

    var body: some View {
        Section("Get a model") {
            TextField("Web address of the model’s folder", text: $address)
                .keyboardType(.URL).textInputAutocapitalization(.never).autocorrectionDisabled()
            if let bundled = app.shelf.bundled {
                Button("Install the app’s model (\(size(bundled.manifest.size)))") { app.installBundled() }
            }
            if app.shelf.unfinished == 0 { Button("Download") { app.shelf.download(address) } }
            Button("Import from a folder in Files") { importing = true }
            if app.shelf.unfinished > 0 {
                Button("Resume the download") { app.shelf.download(address) }
                Text("\(size(app.shelf.unfinished)) have arrived. The download resumes from there.")
                Button("Discard the download", role: .destructive) { app.shelf.discardUnfinished() }
            }
            if let trouble = app.shelf.trouble {
                Text(verbatim: words(trouble)).foregroundStyle(.red).textSelection(.enabled)
            }
        }
        .onAppear { address = app.shelf.address }
        .fileImporter(isPresented: $importing, allowedContentTypes: [.folder]) { result in
            app.note {
                let folder = try result.get()
                let secured = folder.startAccessingSecurityScopedResource()
                app.shelf.importBundle(folder) { if secured { folder.stopAccessingSecurityScopedResource() } }
            }
        }
    }
}

/// The results of the self-test for the current choice of units; none before its first drawing.
private struct TestSection: View {
    @Environment(AppModel.self) private var app
    let model: StoredModel

    var body: some View {
        Section {
            ForEach(results, id: \.placement) { result in
                Label {
                    Text(verbatim: words(result))
                } icon: {
                    Image(systemName: result.passed ? "checkmark.circle" : "xmark.circle")
                }
            }
        } footer: {
            Text("Before the first drawing the model draws two recorded steps. Units that compute wrong results are not used.")
        }
    }

    private var results: [SelfTest.Result] {
        let facts = app.studio.isWorking ? nil : app.studio.facts(model)
        return facts?.preferred == app.shelf.placement ? facts?.results ?? [] : []
    }
}
