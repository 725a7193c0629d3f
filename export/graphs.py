"""The ONNX graphs of a bundle by name: module, inputs, and the dimensions that only a run knows.

R text rows (2 with guidance, 1 without), N steps, T text length, J text width, P pooled width, D model width,
H x W token grid, M modulation width.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from export.conditioner import Conditioner, modulation_width
from export.draw_head import Sampler
from export.errors import ExportError
from export.images import ImageDecoder, ImageEncoder, QuantizedImageDecoder, TinyImageDecoder
from export.npu import npu_kernels
from export.step import Transformer, TransformerStep
from export.text import TextEncoder
from reference.checkpoint import Checkpoint
from reference.image import check_size
from reference.transformer import MICRO_CONDITIONS, SINUSOID_WIDTH
from runtime.manifest import NOISE_FEED

ROWS = "rows"  # R, 1 or 2
STEPS = "steps"  # N


@dataclass(frozen=True)
class GraphSpec:
    """What tracing one graph needs."""

    part: str  # of the checkpoint, whose weights the graph holds
    build: Callable[[], nn.Module]  # called late, so that only one graph's folded weights exist at a time
    inputs: dict[str, Tensor]  # examples, in the module's order
    outputs: tuple[str, ...]
    dynamic: dict[str, dict[int, str]]  # input name -> axis -> ROWS or STEPS
    npu: bool = False  # whether it consists of the operators of Qualcomm's NPU (see `trace`), not the CPU's


def graphs(checkpoint: Checkpoint, size: tuple[int, int]) -> dict[str, GraphSpec]:
    """The five graphs for images of `size` (W, H) pixels, which the CPU runs, and a tiny decoder if there
    is one.

    Raises RequestError for a size the checkpoint cannot draw.
    """
    transformer, vqvae = checkpoint.transformer, checkpoint.vqvae
    config = transformer.config
    width, height = token_grid(checkpoint, size)
    length = checkpoint.tokenizer.model_max_length
    hidden = checkpoint.text_encoder.config.hidden_size
    ids = torch.zeros(2, length, dtype=torch.int32)
    tokens = torch.zeros(height, width, dtype=torch.int32)
    noise = checkpoint.student.noise if checkpoint.student else 0.0
    noise_input = {NOISE_FEED: torch.zeros(height, width, config.inner_dim)} if noise else {}
    tiny = GraphSpec(
        part="vqvae",
        build=lambda: TinyImageDecoder(checkpoint.tiny_decoder),
        inputs={"tokens": tokens},
        outputs=("image",),
        dynamic={},
    )
    return {
        "text_encoder": GraphSpec(
            part="text_encoder",
            build=lambda: TextEncoder(checkpoint.text_encoder),
            inputs={"input_ids": ids},
            outputs=("text_hidden", "text_pooled"),
            dynamic={"input_ids": {0: ROWS}},
        ),
        "conditioner": GraphSpec(
            part="transformer",
            build=lambda: Conditioner(transformer),
            inputs={
                "text_hidden": torch.zeros(2, length, hidden),
                "text_pooled": torch.zeros(2, config.pooled_projection_dim),
                "micro_sinusoids": torch.zeros(MICRO_CONDITIONS, SINUSOID_WIDTH),
                "step_sinusoids": torch.zeros(16, SINUSOID_WIDTH),
            },
            outputs=("context", "modulation"),
            dynamic={"text_hidden": {0: ROWS}, "text_pooled": {0: ROWS}, "step_sinusoids": {0: STEPS}},
        ),
        "transformer": GraphSpec(
            part="transformer",
            build=lambda: TransformerStep(transformer, length, height, width, noise),
            inputs={
                "tokens": tokens,
                "context": torch.zeros(2, length, config.inner_dim),
                "modulation": torch.zeros(2, modulation_width(transformer)),
                "guidance": torch.tensor(9.0),
                "uniforms": torch.full((2, height * width), 0.5),
                **noise_input,
            },
            outputs=("drawn", "log_prob"),
            dynamic={"context": {0: ROWS}, "modulation": {0: ROWS}},
        ),
        "image_decoder": GraphSpec(
            part="vqvae",
            build=lambda: ImageDecoder(vqvae),
            inputs={"tokens": tokens},
            outputs=("image",),
            dynamic={},
        ),
        "image_encoder": GraphSpec(
            part="vqvae",
            build=lambda: ImageEncoder(vqvae, height, width),
            inputs={"image": torch.zeros(size[1], size[0], 3, dtype=torch.uint8)},
            outputs=("tokens",),
            dynamic={},
        ),
    } | ({"tiny_decoder": tiny} if checkpoint.tiny_decoder else {})


def npu_graphs(checkpoint: Checkpoint, size: tuple[int, int]) -> dict[str, GraphSpec]:
    """The six graphs of a bundle for Qualcomm's NPU; it runs `transformer` and `image_decoder`.

    Of a student without noise in its embeddings: `check_noise`.

    The step takes exactly two text rows. The sampler comes before the transformer, because the ranges of the
    transformer are measured while both draw. Raises as `graphs`.
    """
    specs, transformer = graphs(checkpoint, size), checkpoint.transformer
    step, width, height = specs["transformer"].inputs, *token_grid(checkpoint, size)
    length, compression = checkpoint.tokenizer.model_max_length, checkpoint.compression
    head = transformer.config.attention_head_dim
    features = torch.zeros(2, height * width // compression**2, compression**2 * transformer.config.inner_dim)
    return {
        "text_encoder": specs["text_encoder"],
        "conditioner": specs["conditioner"],
        "sampler": GraphSpec(
            part="transformer",
            build=lambda: Sampler(transformer, height, width),
            inputs={"features": features, "guidance": step["guidance"], "uniforms": step["uniforms"]},
            outputs=specs["transformer"].outputs,
            dynamic={},
        ),
        "transformer": GraphSpec(
            part="transformer",
            build=lambda: Transformer(transformer, length, height, width, npu_kernels(head)),
            inputs={name: step[name] for name in ("tokens", "context", "modulation")},
            outputs=("features",),
            dynamic={},
            npu=True,
        ),
        "image_decoder": replace(
            specs["image_decoder"], build=lambda: QuantizedImageDecoder(checkpoint.vqvae), npu=True
        ),
        "image_encoder": specs["image_encoder"],
    }


def check_noise(checkpoint: Checkpoint, what: str) -> None:
    """Raises ExportError for a student whose embeddings have noise, which `what` cannot take."""
    if checkpoint.student and checkpoint.student.noise:
        raise ExportError(
            f"{checkpoint.name} is a student with noise {checkpoint.student.noise:g} in its embeddings, which"
            f" {what} cannot take: export it with python -m export.onnx without --qnn, or with noise 0"
        )


def token_grid(checkpoint: Checkpoint, size: tuple[int, int]) -> tuple[int, int]:
    """(W, H) pixels -> (W, H) tokens. Raises RequestError unless each side is a positive multiple of a unit.

    The unit is one token, or two with feature compression: an odd grid would need the published zero padding,
    and the front end's tables do not hold its effect.
    """
    check_size(size, checkpoint.token_size * checkpoint.compression)
    return size[0] // checkpoint.token_size, size[1] // checkpoint.token_size
