import Foundation
import MeissonicKit
import MeissonicStore
import MeissonicStudio

/// A state in the person's language. Details of an error are in the engine's English.
func words(_ state: DrawingState) -> String {
    switch state {
    case .idle: ""
    case .working(let working): words(working)
    case .done(let drawn, let cut):
        if cut.isEmpty {
            String(localized: "Done in \(tenths(drawn.seconds)) s")
        } else {
            String(
                localized:
                    "Done in \(tenths(drawn.seconds)) s. The text is too long; this was left out: \(cut.joined(separator: " … "))"
            )
        }
    case .failed(let line): String(localized: "This could not be drawn: \(line)")
    case .stopped: String(localized: "Stopped")
    case .interrupted:
        String(localized: "The system ended the app while it drew. Nothing you typed is lost: draw again.")
    }
}

private func words(_ working: Working) -> String {
    guard working.count > 1 else { return stage(working) }
    return String(localized: "Picture \(String(working.number)) of \(String(working.count))") + ": " + stage(working)
}

private func stage(_ working: Working) -> String {
    switch working.stage {
    case .preparing(let preparation): words(preparation)
    case .drawing("image_encoder"): String(localized: "Reading the picture")
    case .drawing("text_encoder"), .drawing("conditioner"): String(localized: "Reading the text")
    case .drawing("image_decoder"): String(localized: "Painting the picture")
    case .drawing:
        if working.step == 0 {
            String(localized: "First step")
        } else if let left = working.secondsLeft {
            String(localized: "Step \(String(working.step)) of \(String(working.steps)), \(secondsLeft(left))")
        } else {
            String(localized: "Step \(String(working.step)) of \(String(working.steps))")
        }
    }
}

func words(_ preparation: Preparation) -> String {
    switch preparation {
    case .checking(let share): String(localized: "Checking the model’s files: \(percent(share))")
    case .compiling(let graph, let number, let count):
        String(
            localized:
                "Compiling part \(String(number)) of \(String(count)) (\(graph)). This is done once for each model and can take minutes."
        )
    case .testing(let placement):
        String(
            localized:
                "Testing whether this device computes correctly (\(words(placement))). The first time the system makes its own copy of each part, which can take minutes."
        )
    case .warming(let graph, let number, let count):
        String(
            localized:
                "Preparing part \(String(number)) of \(String(count)) (\(graph)). This is done once for each size and can take minutes."
        )
    }
}

private func secondsLeft(_ seconds: Double) -> String { String(localized: "\(Int(seconds.rounded(.up))) seconds left") }

func words(_ placement: SelfTest.Placement) -> String {
    switch placement {
    case .asMade: String(localized: "as exported")
    case .all(.ane): String(localized: "Neural Engine")
    case .all(.gpu): String(localized: "graphics processor")
    case .all(.cpu), .all(.npu): String(localized: "main processor")
    }
}

func words(_ result: SelfTest.Result) -> String {
    let unit = words(result.placement)
    if let problem = result.problem { return String(localized: "\(unit): did not run. \(problem)") }
    let (equal, compared) = (String(result.likeness?.equal ?? 0), String(result.likeness?.compared ?? 0))
    return result.passed
        ? String(localized: "\(unit): passed, \(equal) of \(compared) tokens as recorded")
        : String(localized: "\(unit): computes wrong results, \(equal) of \(compared) tokens as recorded")
}

func words(_ arriving: Shelf.Arriving) -> String {
    switch arriving {
    case .asking: String(localized: "Getting the list of files")
    case .installing(let state) where state.stage == .checking: String(localized: "Checking the files")
    case .installing(let state): String(localized: "\(size(state.done)) of \(size(state.total))")
    }
}

func words(_ trouble: Shelf.Trouble) -> String {
    let kind =
        switch trouble.kind {
        case .address: String(localized: "The address must begin with https.")
        case .network: String(localized: "The connection was lost or could not be made.")
        case .disk: String(localized: "The model cannot be written to the storage.")
        case .bundle: String(localized: "The app cannot use this as a model.")
        }
    return "\(kind)\n\(trouble.line)"
}

func words(_ field: Field) -> String {
    switch field {
    case .prompt: String(localized: "Say what to draw")
    case .seed: String(localized: "A whole number from 0, or nothing")
    case .steps:
        String(localized: "A whole number from 1 to \(String(maxSteps)), or nothing")
    case .guidance:
        String(localized: "A number from 0 to \(String(Int(maxGuidance))), or nothing")
    case .picture: String(localized: "Choose a picture first")
    case .mask: String(localized: "First paint the part to change")
    case .sides: String(localized: "Choose at least one side, and leave room for the picture")
    }
}

func words(_ mode: Mode) -> String {
    switch mode {
    case .text: String(localized: "From text")
    case .redraw: String(localized: "Redraw")
    case .repaint: String(localized: "Replace a part")
    case .extend: String(localized: "Extend")
    }
}

func words(_ fit: Fit) -> String {
    switch fit {
    case .crop: String(localized: "Crop")
    case .pad: String(localized: "Margins")
    case .stretch: String(localized: "Stretch")
    }
}

func words(_ problem: AppModel.Problem) -> String {
    switch problem {
    case .unreadablePicture: String(localized: "This picture cannot be read: choose another")
    case .noSettings: String(localized: "The file of this picture does not say what made it")
    case .failed(let line): line
    }
}

func words(_ side: Side) -> String {
    switch side {
    case .left: String(localized: "Left")
    case .top: String(localized: "Top")
    case .right: String(localized: "Right")
    case .bottom: String(localized: "Bottom")
    }
}

/// What VoiceOver reads for a picture.
func describe(_ drawn: Drawn) -> String { String(localized: "Picture: \(drawn.settings.prompt)") }

func facts(_ drawn: Drawn) -> String {
    let settings = drawn.settings
    return [
        String(localized: "Seed \(String(settings.seed))"),
        String(localized: "\(String(settings.steps)) steps, guidance \(tenths(settings.guidance))"),
        String(localized: "\(settings.size.description) pixels in \(tenths(drawn.seconds)) s"),
        String(localized: "Model: \(drawn.model)"),
    ].joined(separator: "\n")
}

/// The memory a model needs at least, and the memory there is.
func memory(_ model: StoredModel) -> String {
    let needed = size(model.bundle.leastMemory())
    guard let free = Memory.available() else { return String(localized: "Its weights take \(needed) of memory.") }
    return String(localized: "Its weights take \(needed) of memory; \(size(free)) are free for the app now.")
}

func size(_ bytes: Int) -> String { ByteCountFormatter.string(fromByteCount: Int64(bytes), countStyle: .file) }

/// 0.5 is 50 %.
func percent(_ share: Double) -> String { share.formatted(.percent.precision(.fractionLength(0))) }

func tenths(_ value: Double) -> String { value.formatted(.number.precision(.fractionLength(1))) }
