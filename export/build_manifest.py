"""What a bundle takes from its checkpoint beside the graphs: the manifest's facts and the tokenizer."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from export.bundle_writer import write_json
from export.conditioner import modulation_width
from reference.checkpoint import Checkpoint
from reference.request import AESTHETIC_SCORE
from reference.text import vocabulary_and_merges
from runtime.manifest import (
    Defaults,
    FileFacts,
    Graph,
    Manifest,
    ModelFacts,
    Source,
    StudentFacts,
    TokenizerFacts,
)

VOCAB, MERGES = "tokenizer/vocab.json", "tokenizer/merges.txt"


def source_hash(checkpoint: Checkpoint) -> str:
    """Hash of the checkpoint; of one that has no files another each time, so that nothing is resumed."""
    return checkpoint.sha256 if checkpoint.files else str(time.time_ns())


def write_tokenizer(folder: Path, checkpoint: Checkpoint) -> None:
    vocabulary, merges = vocabulary_and_merges(checkpoint.tokenizer)
    write_json(folder / VOCAB, vocabulary)
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / MERGES).write_text("\n".join(lines) + "\n", encoding="utf-8")


def model_facts(checkpoint: Checkpoint) -> ModelFacts:
    config = checkpoint.transformer.config
    return ModelFacts(
        name=checkpoint.name,
        token_size=checkpoint.token_size,
        compression=checkpoint.compression,
        codebook_size=config.codebook_size,
        vocab_size=config.vocab_size,
        mask_token_id=checkpoint.mask_token_id,
        masking_schedule=checkpoint.masking_schedule,  # type: ignore[arg-type]  # checked when it was loaded
        timestep=config.timestep,
        student=StudentFacts(**asdict(checkpoint.student)) if checkpoint.student else None,
        text_length=checkpoint.tokenizer.model_max_length,
        inner_dim=config.inner_dim,
        modulation_width=modulation_width(checkpoint.transformer),
    )


def build_manifest(
    folder: Path,
    checkpoint: Checkpoint,
    sizes: Sequence[tuple[int, int]],
    graphs: dict[str, Graph],
    step: Sequence[str],
    tools: Iterable[str],
) -> Manifest:
    """The manifest of the graphs and tokenizer in `folder`, without golden trace and figures.

    `sizes` are (W, H) in pixels, the default first; the manifest names the versions of `tools`.
    """
    written = [VOCAB, MERGES, *(file for described in graphs.values() for file in described.all_files)]
    defaults = checkpoint.defaults
    return Manifest(
        model=model_facts(checkpoint),
        sizes=list(sizes),
        graphs=graphs,
        step=list(step),
        files={name: FileFacts.of(folder / name) for name in written},
        tokenizer=TokenizerFacts.of(checkpoint.tokenizer, VOCAB, MERGES),
        defaults=Defaults(
            size=sizes[0],
            steps=defaults.steps,
            guidance=defaults.guidance,
            temperature=(2.0, 0.0),
            negative="",
            score=AESTHETIC_SCORE,
            strength=0.5,
        ),
        source=Source(checkpoint=checkpoint.name, sha256=checkpoint.sha256),
        tools={tool: version(tool) for tool in tools},
    )
