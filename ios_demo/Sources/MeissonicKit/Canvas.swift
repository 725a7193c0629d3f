/// What a drawing starts from: nothing, or a picture of which some tokens are kept.
struct Canvas {
    let grid: Grid
    let plan: Plan
    /// u8 [h, w, 3] for the image encoder.
    let pixels: Tensor?
    private let keep: Keep

    private enum Keep {
        case nothing
        /// Image-to-image: what chance leaves.
        case some(PhiloxNoise)
        /// What is not to be repainted.
        case except([Bool])
    }

    /// Throws `UserError.request` for a picture, mask, margins or strength that do not fit.
    init(settings: Settings, edit: Edit?, manifest: Manifest) throws {
        let model = manifest.model
        let size = settings.size
        grid = Grid(size, tokenSize: model.tokenSize)
        var plan = Plan(
            steps: settings.steps, maskTokenID: model.maskTokenID, schedule: model.maskingSchedule,
            temperature: manifest.defaults.temperature)
        if edit != nil, !manifest.edits {
            throw UserError.request(
                "this bundle has no image_encoder and draws from text only: export it again with one")
        }
        switch edit {
        case nil:
            pixels = nil
            keep = .nothing
        case .imageToImage(let picture, let strength):
            let strength = try checked(strength: strength ?? manifest.defaults.strength)
            pixels = try picture.tensor(of: size)
            plan.start = Plan.startingStep(steps: settings.steps, strength: strength)
            keep = .some(PhiloxNoise(seed: settings.seed))
        case .inpaint(let picture, let mask, let strength):
            plan.start = Plan.startingStep(steps: settings.steps, strength: try checked(strength: strength))
            pixels = try picture.tensor(of: size)
            keep = .except(try mask.tokens(of: size, grid: grid))
        case .outpaint(let picture, let margins):
            try margins.check(around: picture.size, to: size, tokenSize: model.tokenSize)
            pixels = try picture.padded(by: margins).tensor(of: size)
            keep = .except(margins.tokens(of: grid, tokenSize: model.tokenSize))
        }
        if case .except(let unknown) = keep {
            // The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
            plan.schedule = .linear
            plan.startingRatio = Double(unknown.count { $0 }) / Double(unknown.count)
        }
        self.plan = plan
    }

    /// The tokens that the loop starts from, of those of the picture.
    func tokens(of picture: [Int32]?) -> [Int32] {
        guard let picture else { return Array(repeating: plan.maskTokenID, count: grid.count) }
        switch keep {
        case .nothing: return Array(repeating: plan.maskTokenID, count: grid.count)
        case .some(let noise): return maskSome(picture, noise: noise, plan: plan)
        case .except(let unknown): return zip(picture, unknown).map { $1 ? plan.maskTokenID : $0 }
        }
    }
}
