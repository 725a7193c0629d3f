"""Whether this processor sums 8-bit products exactly."""

import platform
from functools import cache
from pathlib import Path

EXACT = {"avx512_vnni", "avx_vnni", "amx_int8"}  # Linux's names of the flags


@cache
def saturating() -> bool:
    """Whether sums of u8 x s8 products may saturate: x86 without VNNI adds them in pairs in 16 bits.

    Only Linux lists the processor's flags; on other systems the answer for x86 is True, which is always safe.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return True
    return EXACT.isdisjoint(flags)
