"""`python -m reference "PROMPT"`: draw a picture with a checkpoint, in PyTorch."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reference.component_configs import StudentConfig, add_student
from reference.errors import Parser, RequestError, exit_code
from reference.extras import require
from reference.files import atomic_file, check_not_read, check_output_file, numbered, shown
from reference.fit import FITS, Fit

EXAMPLES = """examples:
  python -m reference "a red cat with a hat" --seed 7 --out cat.png
  python -m reference "two green stars" --checkpoint MeissonFlow/Meissonic --steps 48 --guidance 9
  python -m reference "a blue cat" --image cat.png --strength 0.6            # image to image
  python -m reference "a yellow sun" --image cat.png --mask white_where.png  # repaint the white area
  python -m reference "a wide meadow" --image small.png --extend 16 0 16 0   # paint around the image
  python -m reference "a red cat" --image photo.png --size 64 64 --fit pad    # all of the photo, in margins
  python -m reference "a red cat" --count 4 --out cat.png                     # cat-1.png to cat-4.png
"""
MAX_COUNT = 1000


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    prompt: str
    checkpoint: str | None
    text_encoder: str | None
    variant: str | None
    student: StudentConfig | None
    settings: dict[str, Any]
    image: Path | None
    mask: Path | None
    extend: tuple[int, int, int, int] | None
    strength: float | None
    fit: Fit | None
    compose: bool
    count: int
    out: Path

    def file(self, number: int) -> Path:
        """The file of a picture, counted from 1."""
        return numbered(self.out, number, self.count)


def parse(arguments: Sequence[str] | None) -> Job:
    """The command line as a Job. Raises RequestError for arguments that contradict each other."""
    parser = Parser(
        prog="python -m reference",
        description="Draw a picture with a checkpoint. Defaults come from the checkpoint.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("prompt", help="what to draw")
    add("--checkpoint", metavar="DIR|ID", help="folder or Hugging Face id; default: the shipped stickers")
    add("--variant", metavar="NAME", help="which weight files, such as fp16; default: full precision first")
    add("--text-encoder", metavar="DIR|ID", help="draw with another CLIP text tower")
    add_student(parser)
    add("--negative", default="", metavar="TEXT", help="what not to draw")
    add("--seed", type=int, default=0, help="same seed, same picture; default: 0")
    add("--count", type=int, default=1, metavar="N", help="draw N pictures with consecutive seeds")
    add("--steps", type=int, help="more are slower and better")
    add("--guidance", type=float, help="how closely to follow the prompt; 1 or less: no guidance")
    add(
        "--guidance-from",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of the steps before guidance, 0 to 1",
    )
    add(
        "--guidance-until",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="share of the steps that guidance ends at, 0 to 1",
    )
    add("--size", type=int, nargs=2, metavar=("W", "H"), help="pixels; default with --image: its size")
    add("--image", type=Path, metavar="FILE", help="picture to start from, of any size")
    add("--fit", choices=FITS, help="how an image gets the size drawn; default: crop")
    add("--mask", type=Path, metavar="FILE", help="repaint only where this picture is white")
    add(
        "--no-compose",
        action="store_true",
        help="leave the picture as the model draws it",
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
    given = parser.parse_args(arguments)
    settings = {
        "negative": given.negative,
        "seed": given.seed,
        "steps": given.steps,
        "guidance": given.guidance,
        "guidance_from": given.guidance_from,
        "guidance_until": given.guidance_until,
        "size": tuple(given.size) if given.size else None,
    }
    job = Job(
        prompt=given.prompt,
        checkpoint=given.checkpoint,
        text_encoder=given.text_encoder,
        variant=given.variant,
        student=given.student,
        settings=settings,
        image=given.image,
        mask=given.mask,
        extend=tuple(given.extend) if given.extend else None,
        strength=given.strength,
        fit=given.fit,
        compose=not given.no_compose,
        count=given.count,
        out=given.out,
    )
    check(job)
    return job


def check(job: Job) -> None:
    """Raise RequestError for arguments that contradict each other, before the model is read."""
    for flag, value in (
        ("--mask", job.mask),
        ("--extend", job.extend),
        ("--strength", job.strength),
        ("--fit", job.fit),
    ):
        if value is not None and job.image is None:
            raise RequestError(f"{flag} needs a picture: add --image FILE")
    if job.extend is not None and (job.mask is not None or job.strength is not None):
        raise RequestError("--extend paints the margins alone: leave out --mask and --strength")
    for what, text in (("the prompt", job.prompt), ("--negative", job.settings["negative"])):
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise RequestError(f"{what} is not UTF-8: set the terminal to UTF-8, or type it again")
    if not 1 <= job.count <= MAX_COUNT:
        raise RequestError(f"--count {job.count} is out of range: give 1 to {MAX_COUNT}")
    check_output_file(job.out, "--out", ".png")
    written = [job.file(number) for number in range(1, job.count + 1)]
    for file in written:
        check_output_file(file, "--out", ".png")
    check_not_read(written, {"--image": job.image, "--mask": job.mask})


def command_line(arguments: Sequence[str] | None = None) -> None:
    """Draw with a progress bar and write the picture, whole or not at all. Arguments default to sys.argv."""
    job = parse(arguments)
    require("export")
    # Imported here because torch and transformers take seconds, and --help and wrong arguments need neither.
    from tqdm import tqdm

    from reference.checkpoint import load_checkpoint
    from reference.editing import Edit
    from reference.pictures import read_picture
    from reference.pipeline import Pipeline

    image = read_picture(job.image) if job.image else None
    mask = read_picture(job.mask) if job.mask else None
    pipeline = Pipeline(
        load_checkpoint(
            job.checkpoint, text_encoder=job.text_encoder, variant=job.variant, student=job.student
        )
    )
    with tqdm(desc="drawing", unit="step", leave=False, disable=None) as bar:

        def advance(step: int, steps: int, tokens: Any) -> None:
            bar.total = steps
            bar.update(step + 1 - bar.n)

        settings = {**job.settings, "callback": advance, "images_per_prompt": job.count}
        strength = {} if job.strength is None else {"strength": job.strength}
        edit = None
        if image is not None:
            size = settings.pop("size")
            edit = Edit.of(pipeline, image, mask, job.extend, size, job.fit or "crop")
        if edit is None:
            drawing = pipeline.text_to_image(job.prompt, **settings)
        elif job.extend is not None:
            drawing = pipeline.outpaint(job.prompt, edit.image, job.extend, **settings)
        elif edit.mask is not None:
            drawing = pipeline.inpaint(job.prompt, edit.image, edit.mask, **strength, **settings)
        else:
            drawing = pipeline.image_to_image(job.prompt, edit.image, **strength, **settings)
    if drawing.cut[0]:
        print(
            f'warning: the prompt is too long, this was cut off: "{shown(drawing.cut[0])}"',
            file=sys.stderr,
        )
    for number, picture in enumerate(drawing.images, start=1):
        composed = edit.composed(picture) if edit is not None and job.compose else picture
        write_png(composed, job.file(number))
        print(f"wrote {shown(job.file(number))}")


def write_png(image: Any, path: Path) -> None:
    """Write the picture whole or not at all. Raises RequestError."""
    with atomic_file(path) as file:
        image.save(file, format="PNG")


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
