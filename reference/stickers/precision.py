"""The arithmetic of training: bf16 where the device computes in it, float32 elsewhere."""

from contextlib import AbstractContextManager

import torch

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
