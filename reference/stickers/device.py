"""What training computes on: a GPU or the processor, in bf16 where that is fast, with drawings made ahead."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

CPU = torch.device("cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 is fast: on GPUs, and on processors with AMX or AVX512-BF16 (AVX2 emulates it, ten times
    slower than float32)."""
    if device.type == "cuda":
        return True
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_bf16") or can.get("avx512_bf16"))


def mixed_precision(device: torch.device) -> AbstractContextManager:
    """Autocast to bf16 inside the block if the device has it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device))


def conv_format(device: torch.device) -> torch.memory_format:
    """The faster memory format of convolutions: in float32 on AVX2, channels last takes 40 % longer."""
    return torch.channels_last if has_bf16(device) else torch.contiguous_format


def training_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class _Rows(Dataset):
    """A function of a row number as a data set."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self.make = make

    def __getitem__(self, row: int) -> Any:
        return self.make(row)


def made_ahead(
    make: Callable[[int], Any], batches: Iterable[Sequence[int]], device: torch.device
) -> Iterator[list[Any]]:
    """Lists of `make(row)`, one for each batch of rows, in order.

    Beside a GPU, all other cores make the next batches meanwhile. On the processor each is made when due.
    """
    workers = max(1, (os.cpu_count() or 1) - 1) if device.type == "cuda" else 0
    loader = DataLoader(
        _Rows(make),
        batch_sampler=batches,  # type: ignore[arg-type]  # any iterable will do
        num_workers=workers,
        collate_fn=list,
        generator=torch.Generator(),  # leaves the global one, which weights are initialised from, alone
    )
    return iter(loader)
