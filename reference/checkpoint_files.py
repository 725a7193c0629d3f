"""Writes the small files of a checkpoint folder, and the folder itself whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reference.errors import CheckpointError

# The class names in published folders, so that other tools recognise ours.
MODEL_INDEX = {
    "_class_name": "Pipeline",
    "scheduler": ["src.scheduler", "Scheduler"],
    "text_encoder": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "transformer": ["src.transformer", "Transformer2DModel"],
    "vqvae": ["diffusers", "VQModel"],
}


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes `target` when the block succeeds, and is removed otherwise.

    It replaces an older checkpoint at `target`. Raises CheckpointError for anything else there, and for an
    error of the disk.
    """
    if (
        target.exists()
        and not (target / "model_index.json").exists()
        and (target.is_file() or any(target.iterdir()))
    ):
        raise CheckpointError(f"{target} exists and is no checkpoint: choose another folder")
    temporary = target.parent / f".{target.name}.{os.getpid()}.tmp"
    old = target.parent / f".{target.name}.{os.getpid()}.old"
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if target.exists():
            target.rename(old)
        temporary.rename(target)
    except OSError as error:
        raise CheckpointError(f"{target} cannot be written: {error.strerror or error}") from None
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(temporary, ignore_errors=True)


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
