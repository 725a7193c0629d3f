"""Tensors of a checkpoint component, from one safetensors file or shards, never from a pickle."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from reference.errors import CheckpointError

READ_TOGETHER = 32  # tensors
STEMS = ("diffusion_pytorch_model", "model")  # diffusers' and transformers' names
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
SAFETENSORS_DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises CheckpointError for a missing or damaged file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: a checkpoint is a folder in the diffusers format (transformer, vqvae,"
            " text_encoder, tokenizer, scheduler, model_index.json)"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}): copy or download it again") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a component: full precision before fp16, shards before one file."""
    for variant in ("", ".fp16"):
        for stem in STEMS:
            index = folder / f"{stem}.safetensors.index{variant}.json"
            if index.exists():
                return shards(index)
            single = folder / f"{stem}{variant}.safetensors"
            if single.exists():
                return [single]
    for file in sorted(folder.glob("*")):
        if file.suffix in PICKLES:
            raise CheckpointError(
                f"{file} is a pickle, which may run code when it is read: use the model's .safetensors files"
            )
    raise CheckpointError(
        f"{folder} has no weights: expected {' or '.join(f'{stem}.safetensors' for stem in STEMS)}"
    )


def shards(index: Path) -> list[Path]:
    """The files named by a `*.safetensors.index.json`, all of which must lie beside it."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} has no weight_map: copy or download it again")
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise CheckpointError(
                f"{index} names {name!r}: only .safetensors files beside the index are read"
            )
        if not (index.parent / name).exists():
            raise CheckpointError(f"{index.parent / name} is missing: {index.name} lists it")
    return [index.parent / name for name in names]


@contextmanager
def opened_safely(file: Path) -> Iterator[Any]:
    """Open a safetensors file. Raises CheckpointError for a damaged one."""
    try:
        with safe_open(file, framework="pt", device="cpu") as opened:
            yield opened
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{file} is damaged or truncated ({error}): copy or download it again"
        ) from None


def read_tensors(folder: Path, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    """All tensors of a component; floating-point tensors are cast to `dtype` if given."""
    tensors: dict[str, Tensor] = {}
    for file in weight_files(folder):
        with opened_safely(file) as opened:
            names = list(opened.keys())
        # Reopened for each group, because an open file keeps every page that was read: 2 GB of the 1 B model.
        for start in range(0, len(names), READ_TOGETHER):
            with opened_safely(file) as opened:
                for name in names[start : start + READ_TOGETHER]:
                    tensor = opened.get_tensor(name)
                    tensors[name] = tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor
    return tensors


def tensor_headers(folder: Path) -> dict[str, tuple[list[int], str]]:
    """Shape and dtype (safetensors' name) of each tensor of a component, without reading the data."""
    headers = {}
    for file in weight_files(folder):
        with opened_safely(file) as opened:
            for name in opened.keys():  # noqa: SIM118
                tensor = opened.get_slice(name)
                headers[name] = tensor.get_shape(), tensor.get_dtype()
    return headers


def check_fit(module: nn.Module, shapes: Mapping[str, Sequence[int]], folder: Path) -> None:
    """Raise CheckpointError that names the tensors whose names or shapes do not fit the module."""
    expected = module.state_dict()
    if missing := sorted(expected.keys() - shapes.keys()):
        raise CheckpointError(
            f"{folder}: weights lack {some(missing)}: incomplete, or config.json of another model"
        )
    if unknown := sorted(shapes.keys() - expected.keys()):
        raise CheckpointError(
            f"{folder}: weights hold unknown {some(unknown)}: config.json belongs to another model"
        )
    for name, shape in shapes.items():
        if tuple(shape) != tuple(expected[name].shape):
            raise CheckpointError(
                f"{folder}: {name} has shape {list(shape)}, but config.json says"
                f" {list(expected[name].shape)}: weights and config belong to different models"
            )


def fill(module: nn.Module, tensors: dict[str, Tensor], folder: Path) -> None:
    """Put `tensors` into a module built on the meta device. Raises CheckpointError as `check_fit` does."""
    check_fit(module, {name: tensor.shape for name, tensor in tensors.items()}, folder)
    module.load_state_dict(tensors, assign=True)
    module.eval().requires_grad_(False)


def some(names: list[str]) -> str:
    """The first three names, and the number of the others."""
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest


def stream_tensors(
    path: Path,
    shapes: Iterable[tuple[str, tuple[int, ...]]],
    dtype: torch.dtype,
    make: Callable[[str, tuple[int, ...]], Tensor],
) -> None:
    """Write a safetensors file tensor by tensor, so that the largest tensor sets the peak memory.

    Format: u64 length of the JSON header, the header (dtype, shape, byte range of each tensor), then the
    data.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    entries = list(shapes)
    offset = 0
    for name, shape in entries:
        size = torch.Size(shape).numel() * dtype.itemsize
        header[name] = {
            "dtype": SAFETENSORS_DTYPES[dtype],
            "shape": list(shape),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data begins on a multiple of 8 bytes
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in entries:
            file.write(make(name, shape).to(dtype).contiguous().view(torch.uint8).numpy().data)
