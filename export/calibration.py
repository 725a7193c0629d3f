"""The calibration of a checkpoint that is being exported: its default drawing of the calibration prompts."""

from export.build_manifest import model_facts
from export.graphs import token_grid
from quantize.gptq_moments import CALIBRATION_PROMPTS, Calibration
from reference.checkpoint import Checkpoint
from reference.request import AESTHETIC_SCORE
from reference.text import tokenize


def calibration(checkpoint: Checkpoint, size: tuple[int, int], two_rows: bool = False) -> Calibration:
    """For pictures of `size` (W, H) pixels; the same as `Calibration.of` the float bundle.

    `two_rows`: the prompt twice where there is no guidance, for a step that takes exactly two rows.
    """
    defaults = checkpoint.defaults
    texts = (
        ["", prompt] if defaults.guidance > 1 else [prompt] * (1 + two_rows) for prompt in CALIBRATION_PROMPTS
    )
    width, height = token_grid(checkpoint, size)
    return Calibration(
        prompts=[tokenize(checkpoint.tokenizer, rows)[0].int().numpy() for rows in texts],
        size=size,
        grid=(height, width),
        steps=defaults.steps,
        guidance=defaults.guidance,
        score=AESTHETIC_SCORE,
        model=model_facts(checkpoint),
    )
