"""`python -m runtime "PROMPT"`: draw a picture with an exported bundle."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from reference.files import check_name, check_output_file, shown
from reference.pictures import read_picture
from runtime.engine import ENGINES, EngineName
from runtime.errors import Parser, RequestError, exit_code, printable
from runtime.generator import Drawing, Generator
from runtime.loop import OnStep, Progress
from runtime.pictures import write_png
from runtime.process import Work, load_onnxruntime, return_freed_memory
from runtime.request import MAX_THREADS, Request, check_threads

EXAMPLES = """examples:
  python -m runtime "a red cat with a hat" --seed 7 --out cat.png
  python -m runtime "two green stars" --negative "a moon" --steps 32 --guidance 5 --preview 4
  python -m runtime "a blue cat" --image cat.png --strength 0.6            # image to image
  python -m runtime "a yellow sun" --image cat.png --mask white_where.png  # repaint the white area
  python -m runtime "a wide meadow" --image small.png --extend 16 0 16 0   # paint around the image
  python -m runtime "a fox in the snow" --bundle build/meissonic --low-memory
  python -m runtime "a red cat" --bundle build/android-tiny --tiny-decoder   # the bundle's tiny decoder
  python -m runtime "a red cat" --bundle build/iphone      # Core ML packages, on any machine
  python -m runtime "a red cat" --bundle build/android-qnn --engine qnn  # as Qualcomm's NPU draws, but slowly
  python -m runtime "a red cat" --bundle build/iphone27    # Core AI assets, on Linux and macOS 27
"""


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    bundle: Path
    request: Request
    image: Path | None
    mask: Path | None
    extend: tuple[int, int, int, int] | None
    strength: float | None
    out: Path
    preview: int  # steps between previews, 0 for none
    tiny_decoder: bool
    threads: int
    low_memory: bool
    engine: EngineName | None


def parse(arguments: Sequence[str] | None) -> Job:
    """Raises RequestError for arguments that make no sense together."""
    parser = Parser(
        prog="python -m runtime",
        description="Draw a picture with an exported bundle. Defaults come from the bundle.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("prompt", help="what to draw")
    add("--bundle", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--negative", metavar="TEXT", help="what not to draw")
    add("--seed", type=int, default=0, help="same seed, same picture; default: 0")
    add("--steps", type=int, help="more are slower and better")
    add(
        "--guidance",
        type=float,
        help="how closely to follow the prompt; 1 or less: no guidance, twice as fast",
    )
    add("--size", type=int, nargs=2, metavar=("W", "H"), help="pixels; one of the bundle's sizes")
    add("--image", type=Path, metavar="FILE", help="picture to start from, of the size drawn")
    add("--mask", type=Path, metavar="FILE", help="repaint only where this picture is white")
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
    given = parser.parse_args(arguments)
    job = Job(
        bundle=given.bundle,
        request=Request(
            prompt=given.prompt,
            negative=given.negative,
            seed=given.seed,
            steps=given.steps,
            guidance=given.guidance,
            size=None if given.size is None else (given.size[0], given.size[1]),
        ),
        image=given.image,
        mask=given.mask,
        extend=None if given.extend is None else tuple(given.extend),
        strength=given.strength,
        out=given.out,
        preview=given.preview,
        tiny_decoder=given.tiny_decoder,
        threads=given.threads,
        low_memory=given.low_memory,
        engine=given.engine,
    )
    _check(job)
    return job


def _check(job: Job) -> None:
    for flag, value in (("--mask", job.mask), ("--extend", job.extend), ("--strength", job.strength)):
        if value is not None and job.image is None:
            raise RequestError(f"{flag} needs a picture: add --image FILE")
    if job.extend is not None and (job.mask is not None or job.strength is not None):
        raise RequestError("--extend paints the margins alone: leave out --mask and --strength")
    if job.preview < 0:
        raise RequestError("--preview cannot be negative: give 0 or more")
    check_threads(job.threads)
    check_output_file(job.out, "--out", ".png")
    if job.preview:
        check_name(preview(job, 999).name, job.out, "--out")


def preview(job: Job, step: int) -> Path:
    """The file of the unfinished picture after a step, counted from 1."""
    return job.out.with_name(f"{job.out.stem}.step{step:03d}.png")


def draw(
    job: Job, image: Image.Image | None, mask: Image.Image | None, generator: Generator, on_step: OnStep
) -> Drawing:
    """Chooses the drawing by what was given."""
    if image is None:
        return generator.text_to_image(job.request, on_step)
    if job.extend is not None:
        return generator.outpaint(job.request, image, job.extend, on_step)
    if mask is not None:
        strength = 1.0 if job.strength is None else job.strength
        return generator.inpaint(job.request, image, mask, strength, on_step)
    return generator.image_to_image(job.request, image, job.strength, on_step)


def run(job: Job) -> None:
    """Draws with a progress bar and writes the picture. Raises UserError or KeyboardInterrupt."""
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
    generator = Generator.open(job.bundle, job.threads, keep, job.low_memory, job.engine, job.tiny_decoder)
    if job.engine == "qnn":
        print(
            "the NPU is emulated: a step takes seconds, and its time says nothing of a phone", file=sys.stderr
        )
    for which, cut in generator.cut(job.request).items():
        print(f'warning: the {which} is too long, this was cut off: "{printable(cut)}"', file=sys.stderr)
    with tqdm(desc="drawing", unit="step", leave=False, disable=None) as bar:

        def on_step(progress: Progress) -> None:
            bar.total = progress.steps
            bar.n = progress.step + 1
            bar.set_postfix_str(f"{progress.masked} tokens left")
            if job.preview and progress.masked and (progress.step + 1) % job.preview == 0:
                write_png(preview(job, progress.step + 1), generator.decode(progress.candidate), {})

        drawing = _interruptible(generator, lambda: draw(job, image, mask, generator, on_step))
    settings = drawing.settings
    facts = {
        "prompt": settings.prompt,
        "negative": settings.negative,
        "seed": settings.seed,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "model": generator.bundle.manifest.model.name,
    }
    write_png(job.out, drawing.picture, facts)
    stages = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in drawing.seconds.items())
    width, height = settings.size
    print(f"{shown(job.out)}: {width}x{height}, {settings.steps} steps, seed {settings.seed} ({stages})")


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
