import Foundation
import MeissonicKit

/// A parsed command line: the flags of `python -m runtime`.
struct Job {
    var prompt = ""
    var bundle = "build/android"
    var negative: String?
    var seed: UInt64 = 0
    var steps: Int?
    var guidance: Double?
    var size: Size?
    var image: String?
    var mask: String?
    var extend: Margins?
    var strength: Double?
    var out = "picture.png"
    var preview = 0
    var tinyDecoder = false
    var threads = 0
    var lowMemory = false

    private static let maxThreads = 256

    static let help = """
        usage: meissonic PROMPT [flags]

        Draw a picture with an exported bundle. Defaults come from the bundle.

          --bundle DIR        default: build/android
          --negative TEXT     what not to draw
          --seed SEED         same seed, same picture; default: 0
          --steps STEPS       more are slower and better
          --guidance G        how closely to follow the prompt; 1 or less: no guidance, twice as fast
          --size W H          pixels; one of the bundle's sizes
          --image FILE        picture (PNG) to start from, of the size drawn
          --mask FILE         repaint only where this picture is white
          --extend L T R B    paint this many pixels around the image
          --strength S        share of the steps that run on the image, above 0 to 1
          --out FILE.png      default: picture.png
          --preview K         write the unfinished picture every K steps
          --tiny-decoder      decode with the bundle's tiny decoder: faster, less exact
          --threads N         default: all cores (onnxruntime)
          --low-memory        map weights from their files: slower, for small machines (onnxruntime)

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
            case "--steps": job.steps = try rest.int()
            case "--guidance": job.guidance = try rest.double()
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
        guard let prompt = words.first else { throw refused("the following arguments are required: prompt") }
        guard words.count == 1 else {
            throw refused("unrecognized arguments: \(words.dropFirst().joined(separator: " "))")
        }
        job.prompt = prompt
        try job.check()
        return job
    }

    private func check() throws {
        for (flag, given) in [("--mask", mask != nil), ("--extend", extend != nil), ("--strength", strength != nil)]
        where given && image == nil {
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
        let file = URL(fileURLWithPath: out)
        guard file.pathExtension.lowercased() == "png" else {
            throw UserError.request("--out \(out) is not a PNG name: end it in .png")
        }
        var isFolder: ObjCBool = false
        let folder = file.deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw UserError.request("folder \(folder) does not exist: make it, or choose another --out")
        }
        if FileManager.default.fileExists(atPath: out, isDirectory: &isFolder), isFolder.boolValue {
            throw UserError.request("--out \(out) is a folder: name a file in it")
        }
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
