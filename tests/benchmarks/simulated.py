"""What int8 costs a checkpoint by itself: rounding simulated in torch, without any of our graphs.

Every linear and convolution of the transformer gets weights with a scale per output channel. Inputs get
256 levels over their range, as `DynamicQuantizeLinear` gives them, except in modules that run once a
prompt. An export that loses much more than this has a defect.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from export.graphs import token_grid
from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, exit_code
from reference.inverse_cdf import draw
from reference.pipeline import Conditions, Pipeline
from reference.request import check_request
from runtime.parity import measures
from runtime.philox import PhiloxNoise
from tests.benchmarks.markdown import table
from tests.benchmarks.results import provenance, read, source_line, write

PROMPT = "a red cat on a blue background"
MASKED = 0.7  # of the positions; the others hold random tokens
EXAMPLES = """examples:
  python -m tests.benchmarks.simulated
  python -m tests.benchmarks.simulated --checkpoint build/random-1b --guidance 1 --guidance 9
"""
ONCE = ("cond", "time", "text_embedder")  # in names of modules that run once a prompt


def rounded_weight(weight: Tensor, axis: int) -> Tensor:
    """Symmetric, 127 levels a side, a scale for each index of `axis`."""
    others = [i for i in range(weight.dim()) if i != axis]
    scale = weight.abs().amax(others, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / 127
    return (weight / scale).round() * scale


def rounded_input(x: Tensor) -> Tensor:
    """256 levels from the smallest to the largest value, with 0 among them."""
    low, high = min(x.min().item(), 0.0), max(x.max().item(), 0.0)
    scale = (high - low) / 255 or 1.0
    zero = round(-low / scale)
    return ((x / scale).round() + zero).clamp(0, 255).sub(zero) * scale


def products(model: nn.Module) -> Iterator[tuple[str, nn.Module, int]]:
    """Name, module and axis of the output channels."""
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            yield name, module, int(isinstance(module, nn.ConvTranspose2d))


def logits_of(pipeline: Pipeline, tokens: Tensor, all_conditions: Sequence[Conditions]) -> list[np.ndarray]:
    """f32 [S, C] for each."""
    return [pipeline.guided_logits(tokens, conditions, 1)[0].numpy() for conditions in all_conditions]


@torch.no_grad()
def simulate(checkpoint: Checkpoint, guidances: Sequence[float]) -> list[dict[str, float]]:
    """For each guidance: how flat the float distribution is, then same tokens and KL of both roundings."""
    pipeline, size = Pipeline(checkpoint), checkpoint.defaults.size
    with checkpoint.loaded("text_encoder"):
        requests = [
            check_request(PROMPT, checkpoint.defaults, pipeline.unit, size=size, steps=2, guidance=guidance)
            for guidance in guidances
        ]
        conditions = [pipeline.conditions(request) for request in requests]
    width, height = token_grid(checkpoint, size)
    generator = torch.Generator().manual_seed(0)
    codes = checkpoint.transformer.config.codebook_size
    tokens = torch.randint(0, codes, (1, height, width), generator=generator)
    masked = torch.rand(1, height, width, generator=generator) < MASKED
    tokens[masked] = checkpoint.mask_token_id
    at = masked.flatten().numpy()
    uniforms = PhiloxNoise(0).draw(0, height * width)

    with checkpoint.loaded("transformer"):
        exact = logits_of(pipeline, tokens, conditions)
        figures: list[dict[str, float]] = []
        for guidance, logits in zip(guidances, exact, strict=True):
            log_p = measures.log_softmax(logits[at])
            entropy = -(np.exp(log_p) * log_p).sum(axis=-1).mean()
            figures.append({"guidance": guidance, "equal_codes": float(np.exp(entropy))})

        def compare(label: str) -> None:
            found = logits_of(pipeline, tokens, conditions)
            for row, logits, other in zip(figures, exact, found, strict=True):
                drawn = [
                    draw(torch.from_numpy(x), torch.from_numpy(uniforms))[0].numpy() for x in (logits, other)
                ]
                row[f"{label}_same"] = float(measures.agreement(drawn[0][at], drawn[1][at]))
                row[f"{label}_kl"] = float(measures.kl(logits[at], other[at]))

        hooks = []
        for name, module, axis in products(checkpoint.transformer):
            module.weight.data = rounded_weight(module.weight.data, axis)
            if not any(part in name for part in ONCE):
                hooks.append(module.register_forward_pre_hook(lambda _, given: (rounded_input(given[0]),)))
        compare("int8")
        for hook in hooks:
            hook.remove()
        compare("weights")
    return figures


def markdown(name: str) -> str:
    """The table of a result file."""
    content = read(name)
    rows = [
        [
            f"{row['guidance']:g}",
            f"{row['equal_codes']:.0f}",
            *(f"{100 * row[f'{label}_same']:.1f}" for label in ("weights", "int8")),
            *(f"{row[f'{label}_kl']:.2g}" for label in ("weights", "int8")),
        ]
        for row in content["guidances"]
    ]
    head = (
        "guidance",
        "the float distribution is as flat as, equal codes",
        "int8 weights: same tokens, %",
        "int8 weights and inputs",
        "int8 weights: KL, nats",
        "int8 weights and inputs",
    )
    return f"{table(head, rows, words=0)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    """Raises UserError for wrong input."""
    parser = Parser(
        prog="python -m tests.benchmarks.simulated",
        description="What int8 costs a checkpoint, simulated in torch. Writes a file in docs/results.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--checkpoint", metavar="DIR|ID", help="default: the shipped one")
    parser.add_argument(
        "--guidance", type=float, action="append", help="may be repeated; default: 1, 2 and 9"
    )
    given: argparse.Namespace = parser.parse_args(arguments)
    checkpoint = load_checkpoint(given.checkpoint)
    found = simulate(checkpoint, given.guidance or [1.0, 2.0, 9.0])
    name = f"simulated-{Path(given.checkpoint or 'stickers').name}"
    command = (
        f"python -m tests.benchmarks.simulated{f' --checkpoint {given.checkpoint}' * bool(given.checkpoint)}"
    )
    write(name, {**provenance(command, torch.get_num_threads()), "guidances": found})
    print(markdown(name))


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
