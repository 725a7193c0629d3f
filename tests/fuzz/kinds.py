"""What is fuzzed: each kind prepares a folder once, and makes and tries one case after the other."""

import contextlib
import importlib
import io
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from PIL import Image

from reference.errors import UserError, exit_code
from reference.pictures import FORMATS, on_white, read_picture, repainted
from runtime.bundle import open_bundle, read_manifest
from runtime.generator import Generator
from runtime.request import Request
from runtime.tokenizer import ClipTokenizer
from tests.fuzz.mutations import changed, json_text
from tests.runtime.tiny_bundle import GOLDEN_TOKENIZER, SIZE, replace_file, write_bundle

CHECKPOINT = GOLDEN_TOKENIZER.parent
SMALL = ("--steps", "1", "--size", "128", "128")


class WrongAcceptance(Exception):
    """Something was accepted that must be refused."""


class Kind(Protocol):
    """Makes and tries cases in a folder of its own."""

    def __init__(self, folder: Path) -> None: ...

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        """Try one case; `note` gets what it is. Raises UserError if it is refused."""


class Bundles:
    """Manifests: those that are accepted must draw or be refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = write_bundle(folder / "tiny")
        self.file = self.folder / "manifest.json"
        self.tree = json.loads(self.file.read_bytes())

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        text, what = json_text(self.tree, rng)
        note(what)
        self.file.write_bytes(text)
        manifest = read_manifest(self.folder)
        if json.loads(text).get("version") != 1 or any(
            facts.size > 2**40 for facts in manifest.files.values()
        ):
            raise WrongAcceptance(what)
        with Generator.open(self.folder, threads=1) as generator:
            generator.text_to_image(Request("a red cat", steps=1))


class BundleFiles:
    """Files of a bundle whose hashes are not, and are, those of the manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = write_bundle(folder / "tiny")
        self.whole = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        for path, content in self.whole.items():
            path.write_bytes(content)
        path = rng.choice([path for path in self.whole if path.name != "manifest.json"])
        name, content = path.relative_to(self.folder).as_posix(), self.whole[path]
        if name.endswith(".json") and rng.random() < 0.7:
            made, what = json_text(json.loads(content), rng)
        else:
            made, what = changed(content, rng), "bytes"
        note(f"{name}: {what}")
        if rng.random() < 0.3:
            path.write_bytes(made)
            open_bundle(self.folder)
            if made != content:
                raise WrongAcceptance(f"{name} is not what the manifest says")
            return
        replace_file(self.folder, name, made)
        tokenizer = ClipTokenizer.from_bundle(open_bundle(self.folder))
        for prompt in ("a red cat", "don't \U0001f44d é <|endoftext|> 12", "x" * 300):
            tokenizer.encode(prompt)


class Pictures:
    """Damaged PNG, JPEG and WebP files, and those of other formats."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "picture"
        pixels = np.random.default_rng(1).integers(0, 256, (24, 32, 4)).astype(np.uint8)
        picture = Image.fromarray(pixels, "RGBA")
        exif = Image.Exif()
        exif[0x0112] = 6
        self.whole: list[bytes] = []
        for kind in (*FORMATS, "GIF", "BMP", "TIFF", "DDS", "JPEG2000", "ICO", "TGA", "PPM", "EPS"):
            for mode in ("RGB", "L", *(["RGBA", "P"] if kind == "PNG" else [])):
                made = io.BytesIO()
                options = {"exif": exif} if kind in FORMATS else {}
                picture.convert(mode).save(made, kind, **options)
                self.whole += [made.getvalue()] * (4 if kind in FORMATS else 1)

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        content = rng.choice(self.whole)
        made = changed(content, rng)
        note(f"{content[:8]!r} with changed bytes")
        self.file.write_bytes(made)
        picture = read_picture(self.file)
        for convert in (on_white, repainted):
            convert(picture)


class Packages:
    """Core ML packages whose protobuf, weights or Manifest.json are damaged."""

    def __init__(self, folder: Path) -> None:
        import coremltools as ct
        from coremltools.converters.mil import Builder as mb

        weight = np.random.default_rng(2).normal(size=(64, 64)).astype(np.float32)

        @mb.program(input_specs=[mb.TensorSpec((1, 64))], opset_version=ct.target.iOS18)
        def product(x: Any) -> Any:
            return mb.softmax(x=mb.matmul(x=mb.relu(x=x), y=weight), axis=-1)

        model = ct.convert(product, minimum_deployment_target=ct.target.iOS18, skip_model_load=True)
        self.original = folder / "whole.mlpackage"
        model.save(str(self.original))
        self.package = folder / "case.mlpackage"

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        from runtime.coreml.saved import read_package
        from runtime.coreml.structure import main

        shutil.rmtree(self.package, ignore_errors=True)
        shutil.copytree(self.original, self.package)
        file = rng.choice([path for path in sorted(self.package.rglob("*")) if path.is_file()])
        if file.suffix == ".json" and rng.random() < 0.7:
            made, what = json_text(json.loads(file.read_bytes()), rng)
        else:
            made, what = changed(file.read_bytes(), rng), "bytes"
        note(f"{file.name}: {what}")
        file.write_bytes(made)
        read_package(self.package)
        _command(main, [str(self.package)])


class Arguments:
    """Argument vectors of the commands; those that would take minutes only say what they would do."""

    VALUES = (
        "", "0", "1", "-1", "2", "4.5", "nan", "inf", "1e99", "x", "--", "-", "\0", "\udcff", "\x1b[2J", ".",
        "/", "/dev/null", "/dev/zero", "/proc/x", "nowhere/x.png", "x" * 300 + ".png", "~nosuchuser/x.png",
        "2147483648", "99999999999999999999", "32", "24", "onnxruntime", "coreml", "evaluator", "out.png",
    )  # fmt: skip
    # What makes each work; its flags come from its help.
    COMMANDS: ClassVar[dict[str, str]] = {
        "runtime.__main__": "cat --bundle {bundle} --out {folder}/out.png --steps 1 --threads 1",
        "reference.__main__": "cat --checkpoint {checkpoint} --out {folder}/out.png " + " ".join(SMALL),
        "export.onnx": "--checkpoint {checkpoint} --out {folder}/bundle --dry-run --size 128 128",
        "quantize.__main__": "{bundle} --int8 --out {folder}/int8 --dry-run",
        "reference.checkpoint": "random --preset tiny {folder}/made",
        "runtime.inspect": "{bundle}",
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places = {"folder": folder, "bundle": write_bundle(folder / "tiny"), "checkpoint": CHECKPOINT}
        Image.new("RGB", SIZE, "white").save(folder / "image.png")
        _drawing(folder)
        self.mains = {module: _main(module) for module in self.COMMANDS}
        self.flags = {module: _flags(main) for module, main in self.mains.items()}

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        values = (*self.VALUES, *(str(self.folder / name) for name in ("image.png", "tiny")), str(CHECKPOINT))
        module = rng.choice(list(self.COMMANDS))
        words = [word.format(**self.places) for word in self.COMMANDS[module].split()]
        for flag, count in rng.choices(self.flags[module], k=rng.randrange(1, 4)):
            words += [flag, *rng.choices(values, k=count + rng.choice((0, 0, 0, 0, 1, -1)) * (count > 0))]
        if rng.random() < 0.1:
            words[rng.randrange(len(words))] = rng.choice(values)
        note(f"{module} {words!r}")
        with contextlib.chdir(self.folder):
            _command(self.mains[module], words)


class Configs:
    """Configs and tokenizer files of a checkpoint; those that are accepted must draw or be refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(CHECKPOINT, folder / "checkpoint"))
        texts = [path for path in sorted(self.folder.rglob("*")) if path.suffix in (".json", ".txt")]
        self.whole = {path: path.read_bytes() for path in texts}
        self.main = _drawing(folder)

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        for path, content in self.whole.items():
            path.write_bytes(content)
        path = rng.choice(list(self.whole))
        if path.suffix == ".json":
            made, what = json_text(json.loads(self.whole[path]), rng)
        else:
            made, what = changed(self.whole[path], rng), "bytes"
        note(f"{path.relative_to(self.folder)}: {what}")
        path.write_bytes(made)
        out = self.folder.parent / "out.png"
        _command(self.main, ["cat", "--checkpoint", str(self.folder), *SMALL, "--out", str(out)])


class Weights:
    """Headers of safetensors files."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(CHECKPOINT, folder / "checkpoint"))
        self.whole = {path: path.read_bytes() for path in sorted(self.folder.rglob("*.safetensors"))}
        self.load = importlib.import_module("reference.checkpoint").load_checkpoint

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        for path, content in self.whole.items():
            path.write_bytes(content)
        path = rng.choice(list(self.whole))
        content = self.whole[path]
        size = int.from_bytes(content[:8], "little")
        header, what = json_text(json.loads(content[8 : 8 + size]), rng)
        length = rng.choice((len(header),) * 5 + (0, len(header) * 2, 2**40, 2**64 - 1))
        note(f"{path.relative_to(self.folder)}: {what}, length {length}")
        path.write_bytes(length.to_bytes(8, "little") + header + content[8 + size :])
        self.load(str(self.folder))


KINDS: dict[str, type[Kind]] = {
    "manifest": Bundles,
    "bundle-file": BundleFiles,
    "picture": Pictures,
    "package": Packages,
    "arguments": Arguments,
    "config": Configs,
    "weights": Weights,
}


def _main(module: str) -> Callable[[list[str]], int]:
    """The command of a module, which takes its arguments and returns its exit code."""
    command = importlib.import_module(module)
    if hasattr(command, "main"):
        return command.main  # type: ignore[no-any-return]
    return lambda words: exit_code(lambda: command.command_line(words))


def _drawing(folder: Path) -> Callable[[list[str]], int]:
    """`python -m reference` after a first drawing, because a fork keeps what that imports in many seconds.

    It draws on one thread: OpenMP's threads do not survive a fork.
    """
    import torch

    torch.set_num_threads(1)
    main = _main("reference.__main__")
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["cat", "--checkpoint", str(CHECKPOINT), *SMALL, "--out", str(folder / "o.png")]) == 0
    return main


def _flags(main: Callable[[list[str]], int]) -> list[tuple[str, int]]:
    """Flags of a command with the number of their values, from its help, and one that no command has."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        main(["--help"])
    lines = re.findall(r"^  (?:-\w, )?(--[-\w]+)((?: [^ ]+)*)", text.getvalue(), re.MULTILINE)
    return [(flag, len(values.split())) for flag, values in lines if flag != "--help"] + [("--nonsense", 1)]


def _command(main: Callable[[list[str]], int], words: list[str]) -> None:
    """Raises UserError if the command refuses its arguments in one line, AssertionError for another end."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: object = main(words)
        except SystemExit as stop:
            code = stop.code
    if code == 2:
        line = err.getvalue()
        assert line.startswith("error: ") and line.count("\n") == 1, line
        raise UserError(line)
    assert code in (0, None), (code, err.getvalue())
