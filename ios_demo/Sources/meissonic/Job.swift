import Foundation
import MeissonicKit
import PictureFiles

/// A parsed command line: the flags of `python -m runtime`.
struct Job: Sendable {
    var prompt: String?
    var bundle = "build/android"
    var negative: String?
    var seed: UInt64?
    var count = 1
    var grid = false
    /// The picture to draw again.
    var from: String?
    var steps: Int?
    var guidance: Double?
    var guidanceFrom: Double?
    var guidanceUntil: Double?
    var size: Size?
    var image: String?
    var fit: Fit?
    var compose = true
    var mask: String?
    var extend: Margins?
    var strength: Double?
    var out = "picture.png"
    var preview = 0
    var tinyDecoder = false
    var threads = 0
    var lowMemory = false

    private static let maxThreads = 256
    private static let maxCount = 1000

    static let help = """
        usage: meissonic [PROMPT] [flags]

        Draw pictures with an exported bundle. Defaults come from the bundle.

          --bundle DIR        default: build/android
          --negative TEXT     what not to draw
          --seed SEED         same seed, same picture; default: 0
          --count N           draw N pictures with consecutive seeds
          --grid              with --count: also one picture of all, side by side
          --from FILE.png     draw this picture again; other flags change that
          --steps STEPS       more are slower and better
          --guidance G        how closely to follow the prompt; 1 or less: no guidance, twice as fast
          --guidance-from X   share of the steps before guidance begins, 0 to 1; a step without it takes half the time
          --guidance-until X  share of the steps after which guidance ends, 0 to 1; default: 1
          --size W H          pixels; one of the bundle's sizes
          --image FILE        picture (PNG) to start from, of any size
          --fit HOW           crop, pad or stretch: how the image gets the size drawn; default: crop
          --mask FILE         repaint only where this picture is white
          --no-compose        leave the picture as the model draws it: pixels outside the mask change a little
          --extend L T R B    paint this many pixels around the image
          --strength S        share of the steps that run on the image, above 0 to 1
          --out FILE.png      default: picture.png
          --preview K         write the unfinished picture every K steps
          --tiny-decoder      decode with the bundle's tiny decoder: faster, less exact
          --threads N         default: all cores (onnxruntime)
          --low-memory        map weights from their files: slower, for small machines (onnxruntime)

        examples:
          meissonic "a red cat with a hat" --seed 7 --out cat.png
          meissonic "a yellow sun" --image photo.png --mask white_where.png
          meissonic "a red cat" --count 4 --grid --out cat.png
          meissonic --from cat.png --steps 32

        exit code: 0 drawn, 2 wrong input, 130 stopped
        """

    /// Parses the arguments; nil means that help is wanted. Throws `UserError.request` for invalid ones.
    static func parse(_ arguments: [String]) throws -> Job? {
        var job = Job()
        var words: [String] = []
        var rest = Flags(arguments)
        while let flag = rest.next() {
            switch flag {
            case "-h", "--help": return nil
            case "--bundle": job.bundle = try rest.value()
            case "--negative": job.negative = try rest.value()
            case "--seed": job.seed = try rest.seed()
            case "--count": job.count = try rest.int()
            case "--grid": job.grid = true
            case "--from": job.from = try rest.value()
            case "--fit":
                let how = try rest.value()
                guard let fit = Fit(rawValue: how) else {
                    throw refused("argument --fit: invalid choice: '\(how)' (choose from crop, pad, stretch)")
                }
                job.fit = fit
            case "--no-compose": job.compose = false
            case "--steps": job.steps = try rest.int()
            case "--guidance": job.guidance = try rest.double()
            case "--guidance-from": job.guidanceFrom = try rest.double()
            case "--guidance-until": job.guidanceUntil = try rest.double()
            case "--size": job.size = Size(width: try rest.int(), height: try rest.int())
            case "--image": job.image = try rest.value()
            case "--mask": job.mask = try rest.value()
            case "--extend":
                job.extend = Margins(
                    left: try rest.int(), top: try rest.int(), right: try rest.int(), bottom: try rest.int())
            case "--strength": job.strength = try rest.double()
            case "--out": job.out = try rest.value()
            case "--tiny-decoder": job.tinyDecoder = true
            case "--preview": job.preview = try rest.int()
            case "--threads": job.threads = try rest.int()
            case "--low-memory": job.lowMemory = true
            default:
                if flag.hasPrefix("--") { throw refused("unrecognized arguments: \(flag)") }
                words.append(flag)
            }
        }
        job.prompt = words.first
        guard job.prompt != nil || job.from != nil else {
            throw refused("the following arguments are required: prompt")
        }
        guard words.count <= 1 else {
            throw refused("unrecognized arguments: \(words.dropFirst().joined(separator: " "))")
        }
        try job.check()
        return job
    }

    private func check() throws {
        for (flag, given) in [
            ("--mask", mask != nil), ("--extend", extend != nil), ("--strength", strength != nil),
            ("--fit", fit != nil), ("--no-compose", !compose),
        ] where given && image == nil {
            throw UserError.request("\(flag) needs a picture: add --image FILE")
        }
        if extend != nil, mask != nil || strength != nil {
            throw UserError.request("--extend paints the margins alone: leave out --mask and --strength")
        }
        if preview < 0 { throw UserError.request("--preview \(preview) is negative: give 0 or more") }
        guard 0...Job.maxThreads ~= threads else {
            throw UserError.request(
                "--threads \(threads) is out of range: give 1 to \(Job.maxThreads), or 0 for every core")
        }
        guard 1...Job.maxCount ~= count else {
            throw UserError.request("--count \(count) is out of range: give 1 to \(Job.maxCount)")
        }
        if grid, count == 1 { throw UserError.request("--grid shows several pictures: add --count N") }
        try checkSeeds(from: seed ?? 0)
        let file = URL(fileURLWithPath: out)
        guard file.pathExtension.lowercased() == "png" else {
            throw UserError.request("--out \(out) is not a PNG name: end it in .png")
        }
        var isFolder: ObjCBool = false
        let folder = file.deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw UserError.request("folder \(folder) does not exist: make it, or choose another --out")
        }
        let paths = (1...count).map(path) + (grid ? [gridPath] : [])
        for path in paths where FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue {
            throw UserError.request("--out \(path) is a folder: name a file in it")
        }
        let written = Set(paths.map(Job.resolved))
        for (flag, read) in [("--from", from), ("--image", image), ("--mask", mask)] {
            if let read, written.contains(Job.resolved(read)) {
                throw UserError.request("--out would replace \(read), which \(flag) reads: name another file")
            }
        }
    }

    /// Throws `UserError.request` unless every picture has a seed.
    private func checkSeeds(from seed: UInt64) throws {
        guard UInt64.max - seed >= UInt64(count - 1) else {
            throw UserError.request("seed \(seed) has no \(count - 1) seeds after it: give a smaller one")
        }
    }

    private static func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    /// The file of a picture, counted from 1.
    func path(_ number: Int) -> String { count == 1 ? out : beside("-\(number)") }

    /// The file of all pictures side by side.
    var gridPath: String { beside("-grid") }

    private func beside(_ ending: String) -> String { String(out.dropLast(".png".count)) + ending + ".png" }

    /// The request, and the settings of the picture to draw again. Throws `UserError.request`.
    func request() throws -> (Request, again: PictureSettings?) {
        guard let from else { return (try request(nil), nil) }
        guard let again = try PNG(contentsOf: URL(fileURLWithPath: from)).settings else {
            throw UserError.request(
                "\(from) does not say what made it: give a PNG that this project drew, unchanged")
        }
        return (try request(again), again)
    }

    private func request(_ again: PictureSettings?) throws -> Request {
        try checkSeeds(from: seed ?? again?.seed ?? 0)
        return Request(
            prompt ?? again?.prompt ?? "", negative: negative ?? again?.negativePrompt,
            seed: seed ?? again?.seed ?? 0, steps: steps ?? again?.steps, guidance: guidance ?? again?.guidance,
            size: size ?? again?.size, edit: try edit(again), fit: fit ?? again?.fit ?? .crop,
            compose: compose && again?.compose != false,
            guidanceFrom: guidanceFrom ?? again?.guidanceFrom ?? 0,
            guidanceUntil: guidanceUntil ?? again?.guidanceUntil ?? 1)
    }

    private func edit(_ again: PictureSettings?) throws -> Edit? {
        let (before, from, plain) = (again?.mode ?? .text, from ?? "", mask == nil && extend == nil)
        guard let image else {
            guard before == .text else {
                throw UserError.request("\(from) was drawn on another picture: add it with --image FILE")
            }
            return nil
        }
        if plain, before == .inpaint {
            throw UserError.request("\(from) was drawn with a mask: add it with --mask FILE")
        }
        if plain, strength == nil, before == .outpaint, again?.margins == nil {
            throw UserError.request("\(from) does not name its margins: add them with --extend L T R B")
        }
        let picture = try PNG(contentsOf: URL(fileURLWithPath: image)).picture
        if let margins = extend ?? (plain && strength == nil ? again?.margins : nil) {
            return .outpaint(picture, margins: margins)
        }
        let share = { (mode: PictureSettings.Mode) in strength ?? (before == mode ? again?.strength : nil) }
        if let mask {
            let mask = try PNG(contentsOf: URL(fileURLWithPath: mask)).grey
            return .inpaint(picture, mask: mask, strength: share(.inpaint) ?? 1)
        }
        return .imageToImage(picture, strength: share(.image))
    }
}

private func refused(_ line: String) -> UserError { .request("\(line) (see meissonic --help)") }

/// The arguments in order, with `--flag=value` as two.
private struct Flags {
    private var left: [String]
    private var flag = ""

    init(_ arguments: [String]) {
        left = arguments.flatMap { argument -> [String] in
            guard argument.hasPrefix("--"), let equal = argument.firstIndex(of: "=") else { return [argument] }
            return [String(argument[..<equal]), String(argument[argument.index(after: equal)...])]
        }
    }

    mutating func next() -> String? {
        guard !left.isEmpty else { return nil }
        flag = left.removeFirst()
        return flag
    }

    mutating func value() throws -> String {
        guard !left.isEmpty else { throw refused("argument \(flag): expected an argument") }
        return left.removeFirst()
    }

    mutating func int() throws -> Int {
        let text = try value()
        guard let value = Int(text) else { throw refused("argument \(flag): invalid int value: '\(text)'") }
        return value
    }

    mutating func double() throws -> Double {
        let text = try value()
        guard let value = Double(text) else { throw refused("argument \(flag): invalid float value: '\(text)'") }
        return value
    }

    mutating func seed() throws -> UInt64 {
        let text = try value()
        guard let value = UInt64(text) else {
            let number = text.drop { $0 == "-" }
            if !number.isEmpty, number.allSatisfy(\.isNumber) {
                throw UserError.request("seed \(text) is out of range: give 0 to \(UInt64.max)")
            }
            throw refused("argument \(flag): invalid int value: '\(text)'")
        }
        return value
    }
}
