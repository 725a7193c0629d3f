"""Writes the small files of a checkpoint folder, and the folder itself whole or not at all."""

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from reference.errors import CheckpointError
from reference.files import read_file
from reference.publishing import WorkFolder, strangers

# The class names in published folders, so that other tools recognise ours.
MODEL_INDEX = {
    "_class_name": "Pipeline",
    "scheduler": ["src.scheduler", "Scheduler"],
    "text_encoder": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "transformer": ["src.transformer", "Transformer2DModel"],
    "vqvae": ["diffusers", "VQModel"],
}

# The files of a checkpoint folder, as people publish them.
FILES = re.compile(
    r"model_index\.json|scheduler/scheduler_config\.json"
    r"|tokenizer/(vocab|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json|tokenizer/merges\.txt"
    r"|(transformer|vqvae|text_encoder)/(config\.json"
    r"|(diffusion_pytorch_)?model(-\d{5}-of-\d{5})?(\.\w+)?\.safetensors(\.index(\.\w+)?\.json)?)"
)
MAX_INDEX = 1_000_000  # bytes of a model_index.json


@contextmanager
def new_folder(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder that becomes `target` when the block succeeds, and is removed otherwise.

    With `overwrite` it replaces an older checkpoint at `target`. Raises CheckpointError for anything else
    there, and for an error of the disk, RequestError for a path that cannot be written.
    """
    try:
        check = partial(check_replaceable, overwrite=overwrite)
        with WorkFolder(target, secrets.token_hex(), check, flag="folder") as work:
            yield work.folder
            work.publish()
    except OSError as error:
        raise CheckpointError(f"{target} cannot be written: {error.strerror or error}") from None


def check_replaceable(target: Path, overwrite: bool) -> None:
    """Raises CheckpointError if `target` holds a checkpoint without `overwrite`, or anything else."""
    if not target.exists() or not any(target.iterdir()):
        return
    if not is_checkpoint(target):
        raise CheckpointError(f"{target} exists and is no checkpoint: choose another folder")
    if not overwrite:
        raise CheckpointError(
            f"{target} already holds a checkpoint: add --overwrite to replace it, or choose another folder"
        )
    if others := [name for name in strangers(target, ()) if not FILES.fullmatch(name)]:
        raise CheckpointError(
            f"{target} also holds {others[0]}, which is no part of a checkpoint:"
            " move it, or choose another folder"
        )


def is_checkpoint(folder: Path) -> bool:
    """Whether model_index.json names a pipeline with the parts of ours."""
    try:
        index = json.loads(read_file(folder / "model_index.json", MAX_INDEX))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(index, dict) and MODEL_INDEX.keys() <= index.keys()


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write indented JSON, and make the folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_scheduler(folder: Path, mask_token_id: int, masking_schedule: str) -> None:
    """scheduler/scheduler_config.json of a checkpoint folder."""
    values = {
        "_class_name": "Scheduler",
        "mask_token_id": mask_token_id,
        "masking_schedule": masking_schedule,
    }
    write_json(folder / "scheduler" / "scheduler_config.json", values)
