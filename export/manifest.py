"""The manifest of written graphs: model facts from the checkpoint, tensors from the files, hashes of
everything.
"""

from importlib.metadata import version
from pathlib import Path

import onnx_ir as ir

from export.conditioner import modulation_width
from quantize.store import files, load
from reference.checkpoint import Checkpoint
from reference.request import AESTHETIC_SCORE
from runtime.bundle import (
    Defaults,
    FileFacts,
    Graph,
    Manifest,
    ModelFacts,
    Source,
    Tensor,
    TokenizerFacts,
)

VOCAB, MERGES = "tokenizer/vocab.json", "tokenizer/merges.txt"
TOOLS = ("torch", "onnx", "onnx-ir", "onnxscript", "onnxruntime", "transformers", "diffusers", "numpy")
DTYPES = {ir.DataType.INT32: "int32", ir.DataType.FLOAT: "float32", ir.DataType.UINT8: "uint8"}


def describe(
    folder: Path, checkpoint: Checkpoint, size: tuple[int, int], precisions: dict[str, str]
) -> Manifest:
    """The manifest of the graphs in `folder`, name -> precision, as yet without golden trace and figures."""
    graphs = {name: graph(folder / f"{name}.onnx", precision) for name, precision in precisions.items()}
    written = [VOCAB, MERGES, *(file for described in graphs.values() for file in described.files)]
    config, defaults = checkpoint.transformer.config, checkpoint.defaults
    return Manifest(
        model=ModelFacts(
            name=checkpoint.name,
            token_size=checkpoint.token_size,
            compression=checkpoint.compression,
            codebook_size=config.codebook_size,
            vocab_size=config.vocab_size,
            mask_token_id=checkpoint.mask_token_id,
            masking_schedule=checkpoint.masking_schedule,  # type: ignore[arg-type]  # checked when it was loaded
            text_length=checkpoint.tokenizer.model_max_length,
            inner_dim=config.inner_dim,
            modulation_width=modulation_width(checkpoint.transformer),
        ),
        sizes=[size],
        graphs=graphs,
        step=["transformer"],
        files={name: FileFacts.of(folder / name) for name in written},
        tokenizer=TokenizerFacts.of(checkpoint.tokenizer, VOCAB, MERGES),
        defaults=Defaults(
            size=size,
            steps=defaults.steps,
            guidance=defaults.guidance,
            temperature=(2.0, 0.0),
            negative="",
            score=AESTHETIC_SCORE,
            strength=0.5,
        ),
        source=Source(checkpoint=checkpoint.name, sha256=checkpoint.sha256),
        tools={tool: version(tool) for tool in TOOLS},
    )


def graph(path: Path, precision: str) -> Graph:
    """One graph's entry; every tensor as the file declares it."""
    model = load(path).graph
    return Graph(
        precision=precision,
        inputs=[tensor(value) for value in model.inputs],
        outputs=[tensor(value) for value in model.outputs],
        files=[file.name for file in files(path) if file.exists()],
    )


def tensor(value: ir.Value) -> Tensor:
    assert value.name is not None and value.dtype is not None and value.shape is not None
    dimensions = [dim if isinstance(dim, int) else str(dim.value) for dim in value.shape]
    return Tensor(name=value.name, dtype=DTYPES[value.dtype], shape=dimensions)  # type: ignore[arg-type]
