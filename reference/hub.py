"""Find a checkpoint: a local folder, or a Hugging Face id, which is downloaded once and can resume."""

import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from reference.errors import CheckpointError

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Hub folders also hold half-precision copies and pickles; we download neither.
PATTERNS = ["*.json", "*.txt", "*.safetensors"]
SKIPPED = ["*.fp16.*", "open_clip*", "*.onnx*"]


def locate(path_or_id: str | Path) -> Path:
    """The local folder of a checkpoint or component. Raises CheckpointError if there is none."""
    path = Path(path_or_id).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise CheckpointError(f"{path} is a file: give the checkpoint's folder")
    name = str(path_or_id)
    if name.startswith((".", "~", "/")) or not HUB_ID.fullmatch(name):
        raise CheckpointError(
            f"{name} does not exist: give a checkpoint folder or a Hugging Face id (owner/name)"
        )
    try:
        return Path(snapshot_download(name, allow_patterns=PATTERNS, ignore_patterns=SKIPPED))
    except LocalEntryNotFoundError:
        raise CheckpointError(
            f"{name} is neither a local folder nor downloaded, and the hub cannot be reached: connect, or"
            " give a local folder"
        ) from None
    except (HfHubHTTPError, HFValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(
            f"{name} is not a local folder, and the hub refuses it ({reason}): check the id, or log in"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{name} cannot be downloaded ({error}): run again to resume") from None
