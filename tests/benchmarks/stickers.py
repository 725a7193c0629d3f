"""`python -m tests.benchmarks.stickers`: how shipped stickers follow prompts, and what their VQ keeps.

The score of 360 prompts in PyTorch, of pairs of subject and colour that training drew and of those it never
drew; the PSNR of the VQ on fresh drawings of 128 px, beside that of the checkpoint it continues.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reference.checkpoint import SHIPPED, load_checkpoint
from reference.errors import Parser, exit_code
from reference.stickers.evaluation_prompts import CATEGORIES, prompt_set
from reference.stickers.scene import VOCABULARIES
from reference.stickers.score import Settings, score, to_json
from reference.stickers.training_recipe import RECIPES
from reference.stickers.vq import held_out_quality
from tests.benchmarks.markdown import table
from tests.benchmarks.results import provenance, read, source_line, write
from tests.shared_bundles import SHADED, STICKERS_64

COMMAND = "python -m tests.benchmarks.stickers"
COLUMNS = ("generated", "drawings", "reconstructions")  # of a score


@dataclass(frozen=True)
class Shipped:
    """A checkpoint, the one that it continues, and the vocabulary of its prompts."""

    folder: Path
    start: Path
    vocabulary: str


CHECKPOINTS = {  # by the names of their recipes and result files
    "stickers": Shipped(SHIPPED, STICKERS_64, "flat"),
    "stickers-shaded": Shipped(SHADED, SHIPPED, "shaded"),
}


def measure(name: str) -> dict[str, Any]:
    shipped, recipe = CHECKPOINTS[name], RECIPES[name].vq
    checkpoint, start = load_checkpoint(shipped.folder), load_checkpoint(shipped.start)
    content: dict[str, Any] = {
        "checkpoint": checkpoint.sha256,
        "vq_psnr": {
            "before": held_out_quality(start.vqvae, recipe)[0],
            "after": held_out_quality(checkpoint.vqvae, recipe)[0],
        },
    }
    for pairs, held_out in (("drawn", False), ("held_out", True)):
        settings = Settings(held_out=held_out, vocabulary=shipped.vocabulary)
        vocabulary = VOCABULARIES[shipped.vocabulary]
        tasks = prompt_set(settings.prompts_per_category, settings.seed, held_out, vocabulary)
        content[pairs] = to_json(score(checkpoint, settings, tasks), tasks, checkpoint, settings)["scores"]
    return content


def markdown(name: str) -> str:
    """The scores of the result file, by category."""
    content = read(name)
    columns = [content[pairs][column] for pairs in ("drawn", "held_out") for column in COLUMNS]
    rows = [[name, *(f"{100 * each['categories'][name]:.1f}" for each in columns)] for name in CATEGORIES]
    rows.append(["overall", *(f"{100 * each['overall']:.1f}" for each in columns)])
    head = ["", "score", "drawings", "through VQ", "held out: score", "drawings", "through VQ"]
    return f"{table(head, rows)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog=COMMAND,
        description="Score shipped stickers, a few minutes. Writes docs/results/CHECKPOINT.json.",
        epilog=f"example:\n  {COMMAND} stickers-shaded",
    )
    parser.add_argument("name", nargs="?", default="stickers", choices=CHECKPOINTS, help="default: stickers")
    name = parser.parse_args(arguments).name
    write(name, provenance(f"{COMMAND} {name}", threads=2) | measure(name))
    print(markdown(name))


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: command_line(arguments), stopped="nothing was written")


if __name__ == "__main__":
    sys.exit(main())
