"""Find a checkpoint: a local folder, or a Hugging Face id, which is downloaded once and can resume."""

import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from reference.errors import CheckpointError

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Hub folders also hold half-precision copies and pickles; we download neither.
PATTERNS = ["*.json", "*.txt", "*.safetensors"]
SKIPPED = ["open_clip*", "*.onnx*"]
VARIANTS = ("fp16", "bf16", "non_ema")  # names of copies beside the full precision


def locate(path_or_id: str | Path, variant: str | None = None) -> Path:
    """The local folder of a checkpoint or component. Raises CheckpointError if there is none.

    Of a hub id, only the files without a variant and those of `variant` are downloaded.
    """
    name = str(path_or_id)
    try:
        path = Path(path_or_id).expanduser()
        if path.is_dir():
            return path
        there = path.exists()
    except (OSError, RuntimeError) as error:  # a name that is too long, or an unknown user after "~"
        raise CheckpointError(
            f"{name} is no path ({getattr(error, 'strerror', None) or error}): give the checkpoint's folder"
        ) from None
    if there:
        raise CheckpointError(f"{path} is a file: give the checkpoint's folder")
    if name.startswith((".", "~", "/")) or not HUB_ID.fullmatch(name):
        raise CheckpointError(
            f"{name} does not exist: give a checkpoint folder or a Hugging Face id (owner/name)"
        )
    others = [f"*.{other}{end}*" for other in VARIANTS if other != variant for end in ".-"]
    try:
        return Path(snapshot_download(name, allow_patterns=PATTERNS, ignore_patterns=[*SKIPPED, *others]))
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
