"""`python -m runtime "PROMPT"`: draw one picture or several with an exported bundle."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image
from tqdm import tqdm

from reference.files import check_name, check_not_read, check_output_file, numbered, shown
from reference.fit import FITS
from reference.pictures import read_picture
from runtime.engine import ENGINES, EngineName
from runtime.errors import Parser, RequestError, exit_code, printable
from runtime.generator import Drawing, Generator
from runtime.loop import OnStep, Progress
from runtime.manifest import Manifest
from runtime.picture_settings import Mode, PictureSettings, picture_settings, read_settings
from runtime.pictures import tiled, write_png
from runtime.process import Work, load_onnxruntime, return_freed_memory
from runtime.request import MAX_THREADS, Request, Settings, check_count, check_threads, settle

EXAMPLES = """examples:
  python -m runtime "a red cat with a hat" --seed 7 --out cat.png
  python -m runtime "two green stars" --negative "a moon" --steps 32 --guidance 5 --preview 4
  python -m runtime "a red cat" --steps 8 --guidance-from 0.5             # guided in the second half alone
  python -m runtime "a blue cat" --image cat.png --strength 0.6            # image to image
  python -m runtime "a yellow sun" --image cat.png --mask white_where.png  # repaint the white area
  python -m runtime "a wide meadow" --image small.png --extend 16 0 16 0   # paint around the image
  python -m runtime "a red cat" --image photo.jpg --fit pad          # all of the photo, in white margins
  python -m runtime "a red cat" --count 4 --grid --out cat.png       # cat-1.png to cat-4.png, cat-grid.png
  python -m runtime --from cat.png                                   # draw it again
  python -m runtime --from cat.png --seed 8 --steps 32               # the same, but for these
  python -m runtime "a fox in the snow" --bundle build/meissonic --low-memory
  python -m runtime "a red cat" --bundle build/android-tiny --tiny-decoder   # the bundle's tiny decoder
  python -m runtime "a red cat" --bundle build/iphone      # Core ML packages, on any machine
  python -m runtime "a red cat" --bundle build/android-qnn --engine qnn  # as Qualcomm's NPU draws, but slowly
  python -m runtime "a red cat" --bundle build/iphone27    # Core AI assets, on Linux and macOS 27
"""
TWO_ROWS = "the step of this bundle takes two text rows, so a step without guidance saves no time"


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    bundle: Path
    request: Request  # of the first picture
    count: int
    image: Path | None
    mask: Path | None
    extend: tuple[int, int, int, int] | None
    strength: float | None
    out: Path
    grid: bool
    source: PictureSettings | None  # of --from
    preview: int  # steps between previews, 0 for none
    tiny_decoder: bool
    threads: int
    low_memory: bool
    engine: EngineName | None

    @property
    def mode(self) -> Mode:
        """What the drawing starts from."""
        if self.image is None:
            return "text"
        return "outpaint" if self.extend else "inpaint" if self.mask else "image"

    def file(self, number: int) -> Path:
        """The file of a picture, counted from 1."""
        return numbered(self.out, number, self.count)

    @property
    def grid_file(self) -> Path:
        """The file of all pictures side by side."""
        return self.out.with_name(f"{self.out.stem}-grid.png")


def command_parser() -> Parser:
    parser = Parser(
        prog="python -m runtime",
        description="Draw pictures with an exported bundle. Defaults come from the bundle.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("prompt", nargs="?", help="what to draw")
    add("--bundle", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--negative", metavar="TEXT", help="what not to draw")
    add("--seed", type=int, help="same seed, same picture; default: 0")
    add("--count", type=int, default=1, metavar="N", help="draw N pictures with consecutive seeds")
    add("--grid", action="store_true", help="with --count: also one picture of all, side by side")
    add("--from", type=Path, metavar="FILE.png", help="draw this picture again; other flags change that")
    add("--steps", type=int, help="more are slower and better")
    add(
        "--guidance",
        type=float,
        help="how closely to follow the prompt; 1 or less: no guidance, twice as fast",
    )
    add(
        "--guidance-from",
        type=float,
        metavar="SHARE",
        help="share of the steps before guidance begins, 0 to 1; a step without it takes half the time",
    )
    add(
        "--guidance-until",
        type=float,
        metavar="SHARE",
        help="share of the steps after which guidance ends, 0 to 1; default: 1",
    )
    add("--size", type=int, nargs=2, metavar=("W", "H"), help="pixels; one of the bundle's sizes")
    add("--image", type=Path, metavar="FILE", help="picture to start from, of any size")
    add(
        "--fit",
        choices=FITS,
        help="how the image gets the size drawn: cut its edges, add margins, or distort it; default: crop",
    )
    add("--mask", type=Path, metavar="FILE", help="repaint only where this picture is white")
    add(
        "--no-compose",
        action="store_true",
        help="leave the picture as the model draws it: pixels outside the mask change a little",
    )
    add(
        "--extend",
        type=int,
        nargs=4,
        metavar=("L", "T", "R", "B"),
        help="paint this many pixels around the image",
    )
    add("--strength", type=float, help="share of the steps run on the image, above 0 to 1")
    add("--out", type=Path, default=Path("picture.png"), metavar="FILE.png", help="default: picture.png")
    add("--preview", type=int, default=0, metavar="K", help="write the unfinished picture every K steps")
    add("--tiny-decoder", action="store_true", help="use the bundle's tiny decoder: faster, less exact")
    add("--threads", type=int, default=0, help=f"at most {MAX_THREADS}; default: all cores")
    add(
        "--low-memory",
        action="store_true",
        help="leave weights in their files: slower by a sixth, for phones and small machines",
    )
    add(
        "--engine",
        choices=ENGINES,
        help="default: onnxruntime for ONNX graphs; for packages Core ML on a Mac, elsewhere the evaluator;"
        " qnn: Qualcomm's NPU, emulated, for bundles exported with --qnn; for assets coreai",
    )
    return parser


def parse(arguments: Sequence[str] | None) -> Job:
    """Raises RequestError for arguments that make no sense together."""
    parser = command_parser()
    given, others = parser.parse_known_args(arguments)
    if others:
        words = printable(" ".join([given.prompt or "", *others]))
        quoted = "" if any(word.startswith("-") for word in others) else f': write "{words}" in quotes'
        parser.error(f"unrecognized arguments: {printable(' '.join(others))}{quoted}")
    source = vars(given)["from"]
    if given.prompt is None and source is None:
        parser.error("the following arguments are required: prompt")
    for flag, wanted in (("--fit", given.fit is not None), ("--no-compose", given.no_compose)):
        if wanted and given.image is None:
            raise RequestError(f"{flag} needs a picture: add --image FILE")
    job = Job(
        bundle=given.bundle,
        request=_request(given, Request("")),
        count=given.count,
        image=given.image,
        mask=given.mask,
        extend=None if given.extend is None else tuple(given.extend),
        strength=given.strength,
        out=given.out,
        grid=given.grid,
        source=None,
        preview=given.preview,
        tiny_decoder=given.tiny_decoder,
        threads=given.threads,
        low_memory=given.low_memory,
        engine=given.engine,
    )
    _check(job, source)
    if source is None:
        return job
    settings = read_settings(source)
    job = replace(_again(job, source, settings), request=_request(given, settings.request()))
    check_count(job.count, job.request.seed)
    return job


def _request(given: argparse.Namespace, before: Request) -> Request:
    """The request `before` with what the command line says in place of its own."""
    said = {
        "prompt": given.prompt,
        "negative": given.negative,
        "seed": given.seed,
        "steps": given.steps,
        "guidance": given.guidance,
        "size": None if given.size is None else (given.size[0], given.size[1]),
        "fit": given.fit,
        "compose": False if given.no_compose else None,
        "guidance_from": given.guidance_from,
        "guidance_until": given.guidance_until,
    }
    return replace(before, **{name: value for name, value in said.items() if value is not None})


def _again(job: Job, path: Path, source: PictureSettings) -> Job:
    """The job with the margins and strength of a picture where the command line leaves them open.

    Raises RequestError if it leaves out what the picture was drawn on.
    """
    if job.mode == "text" and source.mode != "text":
        raise RequestError(f"{shown(path)} was drawn on another picture: add it with --image FILE")
    if job.mode == "image" and source.mode == "inpaint":
        raise RequestError(f"{shown(path)} was drawn with a mask: add it with --mask FILE")
    if job.mode == "image" and source.mode == "outpaint" and job.strength is None:
        if source.margins is None:
            raise RequestError(f"{shown(path)} does not name its margins: add them with --extend L T R B")
        job = replace(job, extend=source.margins)
    if job.strength is None and job.mode == source.mode:
        job = replace(job, strength=source.strength)
    return replace(job, source=source)


def _check(job: Job, source: Path | None) -> None:
    for flag, value in (("--mask", job.mask), ("--extend", job.extend), ("--strength", job.strength)):
        if value is not None and job.image is None:
            raise RequestError(f"{flag} needs a picture: add --image FILE")
    if job.extend is not None and (job.mask is not None or job.strength is not None):
        raise RequestError("--extend paints the margins alone: leave out --mask and --strength")
    if job.preview < 0:
        raise RequestError("--preview cannot be negative: give 0 or more")
    check_threads(job.threads)
    check_count(job.count, job.request.seed)
    if job.grid and job.count == 1:
        raise RequestError("--grid shows several pictures: add --count N")
    check_output_file(job.out, "--out", ".png")
    written = [job.file(number) for number in range(1, job.count + 1)]
    if job.grid:
        written.append(job.grid_file)
    for file in written:
        check_output_file(file, "--out", ".png")
    check_not_read(written, {"--from": source, "--image": job.image, "--mask": job.mask})
    if job.preview:
        check_name(preview(job.file(job.count), 999).name, job.out, "--out")


def preview(file: Path, step: int) -> Path:
    """The file of the unfinished picture after a step, counted from 1."""
    return file.with_name(f"{file.stem}.step{step:03d}.png")


def draw(
    job: Job,
    request: Request,
    image: Image.Image | None,
    mask: Image.Image | None,
    generator: Generator,
    on_step: OnStep,
) -> Drawing:
    """Chooses the drawing by what was given."""
    if image is None:
        return generator.text_to_image(request, on_step)
    if job.extend is not None:
        return generator.outpaint(request, image, job.extend, on_step)
    if mask is not None:
        strength = 1.0 if job.strength is None else job.strength
        return generator.inpaint(request, image, mask, strength, on_step)
    return generator.image_to_image(request, image, job.strength, on_step)


def run(job: Job) -> None:
    """Draws with a progress bar and writes the pictures. Raises UserError or KeyboardInterrupt."""
    try:
        _run(job)
    except MemoryError:
        way_out = "close other programs" if job.low_memory else "add --low-memory"
        raise RequestError(f"there is not enough memory to draw with {job.bundle}: {way_out}") from None


def _run(job: Job) -> None:
    return_freed_memory()
    image = read_picture(job.image) if job.image else None
    mask = read_picture(job.mask) if job.mask else None
    load_onnxruntime()
    keep = job.preview > 0 and not job.low_memory
    generator = Generator.open(
        job.bundle, job.threads, keep, job.low_memory, job.engine, job.count > 1, job.tiny_decoder
    )
    settings = settle(job.request, generator.bundle.manifest)
    if job.engine == "qnn":
        print(
            "the NPU is emulated: a step takes seconds, and its time says nothing of a phone", file=sys.stderr
        )
    if settings.guided:
        warn_of_guidance(settings, generator.bundle.manifest)
    for which, cut in generator.cut(job.request).items():
        print(f'warning: the {which} is too long, this was cut off: "{shown(cut)}"', file=sys.stderr)
    model = generator.bundle.sha256
    if job.source is not None and job.source.model != model:
        print(
            f"warning: {shown(job.bundle)} is not the bundle that drew the picture: the new one will differ",
            file=sys.stderr,
        )
    written: list[np.ndarray] = []
    try:
        with tqdm(desc="drawing", unit="step", leave=False, disable=None) as bar:
            for number in range(1, job.count + 1):
                _draw_one(job, number, image, mask, generator, model, bar, written)
    except KeyboardInterrupt:
        if not written:
            raise
        last = f" to {shown(job.file(len(written)))}" if len(written) > 1 else ""
        raise KeyboardInterrupt(f"{shown(job.file(1))}{last} finished") from None
    finally:
        if job.grid and written:
            write_png(job.grid_file, tiled(written))
            print(f"{shown(job.grid_file)}: {len(written)} pictures")


def warn_of_guidance(settings: Settings, manifest: Manifest) -> None:
    """Says where guidance does less than it seems to, but for a student's first pass, which takes none."""
    guided = [settings.guided_at(i) for i in range(1 if settings.student else 0, settings.steps)]
    if not any(guided):
        print(f"warning: guidance {settings.guidance:g} has no effect: no step takes it", file=sys.stderr)
    elif manifest.two_rows and not all(guided):
        print(f"warning: {TWO_ROWS}", file=sys.stderr)


def _draw_one(
    job: Job,
    number: int,
    image: Image.Image | None,
    mask: Image.Image | None,
    generator: Generator,
    model: str,
    bar: "tqdm[NoReturn]",
    written: list[np.ndarray],
) -> None:
    """Draws and writes a picture, counted from 1, and adds it to those that are written."""
    file = job.file(number)
    request = replace(job.request, seed=job.request.seed + number - 1)
    which = f", picture {number} of {job.count}" if job.count > 1 else ""

    def on_step(progress: Progress) -> None:
        if bar.total is None:  # an edit may skip the first steps
            bar.total = job.count * (progress.steps - progress.step)
        bar.set_postfix_str(f"{progress.masked} tokens left{which}", refresh=False)
        bar.update()
        if job.preview and progress.masked and (progress.step + 1) % job.preview == 0:
            write_png(preview(file, progress.step + 1), generator.decode(progress.candidate))

    drawing = _interruptible(generator, lambda: draw(job, request, image, mask, generator, on_step))
    settings = drawing.settings
    strength = job.strength
    if strength is None and job.mode in ("image", "inpaint"):
        strength = generator.bundle.manifest.defaults.strength if job.mode == "image" else 1.0
    made = picture_settings(request, settings, model, job.mode, strength, job.extend)
    write_png(file, drawing.picture, made)
    written.append(drawing.picture)
    stages = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in drawing.seconds.items())
    width, height = settings.size
    plural = "s" if settings.steps > 1 else ""
    what = f"{width}x{height}, {settings.steps} step{plural}, seed {settings.seed}"
    tqdm.write(f"{shown(file)}: {what} ({stages})")


def _interruptible(generator: Generator, work: Callable[[], Drawing]) -> Drawing:
    """Draws in a thread, because a signal waits while the main thread is inside the engine."""
    drawing = Work(work)
    try:
        drawing.ended.wait()
    finally:
        while not drawing.ended.wait(0.05):  # a signal came
            generator.cancel()  # again, because the drawing may not have begun
    return drawing.result()


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(parse(arguments)), stopped="no picture was written")


if __name__ == "__main__":
    sys.exit(main())
