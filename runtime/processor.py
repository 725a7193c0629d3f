"""What the processor at hand does to 8-bit products."""

import platform
from functools import cache
from pathlib import Path

EXACT = {"avx512_vnni", "avx_vnni", "amx_int8"}  # flags as Linux names them


@cache
def saturating() -> bool:
    """Whether sums of u8 x s8 products may saturate: x86 without VNNI adds them in pairs in 16 bits.

    Where a processor cannot be asked (no Linux), it is taken to be such a one.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return True
    return EXACT.isdisjoint(flags)
