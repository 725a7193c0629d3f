"""Tensors of a checkpoint component, from one safetensors file or shards, never from a pickle."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from reference.config_files import check_file, read_json, shown
from reference.errors import CheckpointError

READ_TOGETHER = 32  # tensors
STEMS = ("diffusion_pytorch_model", "model")  # diffusers' and transformers' names
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
CHOICE = ("", "fp16", "bf16", "fp32")  # of variants, the best first
SAFETENSORS_DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
SHARD = re.compile(r"-\d{5}-of-\d{5}")
READABLE = (*SAFETENSORS_DTYPES.values(), "F64")


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """The safetensors files of a component, of one variant: shards before one file.

    A component without `variant`, or None, takes full precision, then fp16, bf16, fp32, then the only other
    one. Raises CheckpointError that names the variants where several are left.
    """
    found = variants(folder)
    order = [variant, *CHOICE, *(found if len(found) == 1 else [])]
    for name in order:
        if name in found:
            file = found[name]
            if file.suffix == ".json":
                return shards(file)
            check_file(file)
            return [file]
    if found:
        raise CheckpointError(
            f"{folder} has weights of the variants {', '.join(map(str, found))}: choose one with --variant"
        )
    for file in sorted(folder.glob("*")):
        if file.suffix in PICKLES:
            raise CheckpointError(
                f"{file} is a pickle, which may run code when it is read: use the model's .safetensors files"
            )
    raise CheckpointError(
        f"{folder} has no weights: expected {' or '.join(f'{stem}.safetensors' for stem in STEMS)}; fp16 and"
        " bf16 weights of a hub id are downloaded with --variant"
    )


def variants(folder: Path) -> dict[str, Path]:
    """The file or index of shards of each variant of a component; "" is the one without a name."""
    found: dict[str, Path] = {}
    for stem in STEMS:
        shards = re.compile(rf"{stem}\.safetensors\.index(?:\.(?P<variant>[\w.-]+))?\.json")
        single = re.compile(rf"{stem}(?:\.(?P<variant>[\w.-]+))?\.safetensors")
        for pattern in (shards, single):
            for file in sorted(folder.glob("*")):
                match = pattern.fullmatch(file.name)
                if match and not SHARD.search(file.name):
                    found.setdefault(match["variant"] or "", file)
    return found


def check_variant(variant: str | None, folders: Sequence[Path]) -> None:
    """Raise CheckpointError unless some component has weights of the variant."""
    there = [variants(folder).keys() for folder in folders]
    if variant is not None and not any(variant in names for names in there):
        known = sorted({name or "(none)" for names in there for name in names})
        raise CheckpointError(f"--variant {variant} is not in {folders[0].parent}: it has {', '.join(known)}")


def shards(index: Path) -> list[Path]:
    """The files named by a `*.safetensors.index.json`, all of which must lie beside it."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} has no weight_map: copy or download it again")
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors") or not name.isprintable():
            raise CheckpointError(
                f"{index} names {shown(name)}: only .safetensors files beside the index are read"
            )
        check_file(index.parent / name, f"{index.name} lists it")
    return [index.parent / name for name in names]


@contextmanager
def opened_safely(file: Path) -> Iterator[Any]:
    """Open a safetensors file. Raises CheckpointError for a damaged one."""
    try:
        with safe_open(file, framework="pt", device="cpu") as opened:
            yield opened
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{file} is damaged or truncated ({shown(str(error), quote=False, length=200)}): copy or download"
            " it again"
        ) from None


def read_tensors(
    folder: Path,
    dtype: torch.dtype | None = None,
    variant: str | None = None,
    wanted: Callable[[str], bool] = lambda name: True,
) -> dict[str, Tensor]:
    """The `wanted` tensors of a component; floating-point tensors are cast to `dtype` if given."""
    return dict(each_tensor(folder, dtype, variant, wanted))


def check_finite(name: str, tensor: Tensor, folder: Path) -> None:
    """Raise CheckpointError that names a tensor with NaN or Inf."""
    if tensor.is_floating_point() and tensor.numel():
        low, high = torch.aminmax(tensor)  # both are NaN where one value is
        if not (low.isfinite() and high.isfinite()):
            what = "NaN" if low.isnan() else f"values that are infinite in {str(tensor.dtype)[6:]}"
            raise CheckpointError(
                f"{folder}: {name} holds {what}: the checkpoint is damaged; copy or download it again"
            )


def each_tensor(
    folder: Path, dtype: torch.dtype | None, variant: str | None, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Tensor]]:
    """Name and value of each `wanted` tensor of a component, as `read_tensors` has them."""
    for file in weight_files(folder, variant):
        with opened_safely(file) as opened:
            names = [name for name in opened.keys() if wanted(name)]  # noqa: SIM118
        # Reopened for each group, because an open file keeps every page that was read: 2 GB of the 1 B model.
        for start in range(0, len(names), READ_TOGETHER):
            with opened_safely(file) as opened:
                for name in names[start : start + READ_TOGETHER]:
                    tensor = opened.get_tensor(name)
                    yield name, tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor


def tensor_headers(
    folder: Path, variant: str | None = None, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, tuple[list[int], str]]:
    """Shape and dtype (safetensors' name) of each `wanted` tensor of a component, without its data."""
    headers = {}
    for file in weight_files(folder, variant):
        with opened_safely(file) as opened:
            for name in filter(wanted, opened.keys()):
                if name in headers:
                    raise CheckpointError(
                        f"{file}: {shown(name, quote=False, length=100)} is in another shard too: copy or"
                        " download the checkpoint again"
                    )
                tensor = opened.get_slice(name)
                headers[name] = tensor.get_shape(), tensor.get_dtype()
    return headers


def check_headers(module: nn.Module, headers: Mapping[str, tuple[Sequence[int], str]], folder: Path) -> None:
    """Raise CheckpointError as `check_fit` does, and for a tensor of whole numbers or of 8 bits."""
    check_fit(module, {name: shape for name, (shape, _) in headers.items()}, folder)
    for name, (_, dtype) in headers.items():
        if dtype not in READABLE:
            raise CheckpointError(
                f"{folder}: {name} is stored as {dtype}: only {', '.join(READABLE)} are read; use the model's"
                " weights that are not quantized"
            )


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
    return ", ".join(shown(name, quote=False, length=100) for name in names[:3]) + rest


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file with the permissions of any new file; `save_file` hides it from others."""
    path.touch()
    mode = path.stat().st_mode
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, path, metadata)
    path.chmod(mode)


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
