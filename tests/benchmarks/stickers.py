"""`python -m tests.benchmarks.stickers`: how the shipped stickers follow prompts, and what their VQ keeps.

The score of 360 prompts in PyTorch, of pairs of subject and colour that training drew and of those it never
drew; the PSNR of the VQ on drawings of the shipped size, beside that of the checkpoint it continues.
"""

import sys
from collections.abc import Sequence
from typing import Any

from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from reference.stickers.evaluation_prompts import CATEGORIES, prompt_set
from reference.stickers.score import Settings, score, to_json
from reference.stickers.training_recipe import RECIPES
from reference.stickers.vq import held_out_quality
from tests.benchmarks.markdown import table
from tests.benchmarks.results import provenance, read, source_line, write
from tests.shared_bundles import STICKERS_64

RESULT = "stickers"
COMMAND = "python -m tests.benchmarks.stickers"
COLUMNS = ("generated", "drawings", "reconstructions")  # of a score


def measure() -> dict[str, Any]:
    checkpoint, start = load_checkpoint(), load_checkpoint(STICKERS_64)
    recipe = RECIPES["stickers"].vq
    content: dict[str, Any] = {
        "checkpoint": checkpoint.sha256,
        "vq_psnr": {
            "before": held_out_quality(start.vqvae, recipe)[0],
            "after": held_out_quality(checkpoint.vqvae, recipe)[0],
        },
    }
    for name, held_out in (("drawn", False), ("held_out", True)):
        settings = Settings(held_out=held_out)
        tasks = prompt_set(settings.prompts_per_category, settings.seed, held_out)
        content[name] = to_json(score(checkpoint, settings, tasks), tasks, checkpoint, settings)["scores"]
    return content


def markdown() -> str:
    """The scores of the result file, by category."""
    content = read(RESULT)
    columns = [content[pairs][column] for pairs in ("drawn", "held_out") for column in COLUMNS]
    rows = [[name, *(f"{100 * each['categories'][name]:.1f}" for each in columns)] for name in CATEGORIES]
    rows.append(["overall", *(f"{100 * each['overall']:.1f}" for each in columns)])
    head = ["", "score", "drawings", "through VQ", "held out: score", "drawings", "through VQ"]
    return f"{table(head, rows)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog=COMMAND,
        description="Score the shipped stickers, a few minutes. Writes docs/results/stickers.json.",
        epilog=f"example:\n  {COMMAND}",
    )
    parser.parse_args(arguments)
    write(RESULT, provenance(COMMAND, threads=2) | measure())
    print(markdown())


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: command_line(arguments), stopped="nothing was written")


if __name__ == "__main__":
    sys.exit(main())
