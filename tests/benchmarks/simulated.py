"""What int8 costs a checkpoint by itself: rounding simulated in torch, without any graph of ours.

Every linear and convolution of the transformer gets weights of a scale an output channel and, but for what is
computed once a prompt, inputs of 256 levels over their range, as `DynamicQuantizeLinear` makes them. An
export that costs much more than this has a defect; one that costs the same has what int8 is.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

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
    """256 levels between the smallest and largest value, 0 among them."""
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
def simulate(checkpoint: Checkpoint, guidances: Sequence[float], say: Callable[[str], object]) -> None:
    """Says a line for each guidance, of the float model and of both roundings."""
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
        for guidance, logits in zip(guidances, exact, strict=True):
            log_p = measures.log_softmax(logits[at])
            entropy = -(np.exp(log_p) * log_p).sum(axis=-1).mean()
            say(f"float         guidance {guidance:g}: as flat as {np.exp(entropy):.0f} equal codes")

        def report(label: str) -> None:
            found = logits_of(pipeline, tokens, conditions)
            for guidance, logits, other in zip(guidances, exact, found, strict=True):
                kl = measures.kl(logits[at], other[at])
                drawn = [
                    draw(torch.from_numpy(x), torch.from_numpy(uniforms))[0].numpy() for x in (logits, other)
                ]
                same = measures.agreement(drawn[0][at], drawn[1][at])
                say(
                    f"{label} guidance {guidance:g}: same token {same:.1%}, KL {kl:.5f} nats,"
                    f" by guidance {measures.kl_per_guidance(kl, guidance):.5f}"
                )

        hooks = []
        for name, module, axis in products(checkpoint.transformer):
            module.weight.data = rounded_weight(module.weight.data, axis)
            if not any(part in name for part in ONCE):
                hooks.append(module.register_forward_pre_hook(lambda _, given: (rounded_input(given[0]),)))
        report("int8         ")
        for hook in hooks:
            hook.remove()
        report("weights alone")


def command_line(arguments: Sequence[str] | None = None) -> None:
    """Raises UserError for wrong input."""
    parser = Parser(
        prog="python -m tests.benchmarks.simulated",
        description="What int8 costs a checkpoint, simulated in torch.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--checkpoint", metavar="DIR|ID", help="default: the shipped one")
    parser.add_argument(
        "--guidance", type=float, action="append", help="may be repeated; default: 1, 2 and 9"
    )
    given: argparse.Namespace = parser.parse_args(arguments)
    simulate(load_checkpoint(given.checkpoint), given.guidance or [1.0, 2.0, 9.0], print)


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
