"""The machine and the package versions of a measurement."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "onnxruntime", "onnxruntime-qnn", "onnx", "openvino", "nncf", "executorch", "numpy")
# They decide the speed of 8-bit and bf16 products; named as in /proc/cpuinfo.
FLAGS = ("avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
ARM_FLAGS = ("asimd", "asimddp", "i8mm", "bf16", "sve")


def facts(threads: int) -> dict[str, str | int | list[str]]:
    """Processor, its flags for 8-bit and bf16 products, cores, memory, threads used, versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    there = set(fields.get("flags", fields.get("Features", "")).split())
    known = FLAGS if platform.machine() in ("x86_64", "AMD64") else ARM_FLAGS
    return {
        "cpu": fields.get("model name", platform.machine()),
        "flags": [flag for flag in known if flag in there],
        "absent": [flag for flag in known if flag not in there],
        "cores": os.cpu_count() or 1,
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "threads": threads,
        "versions": [f"{name} {found}" for name in PACKAGES if (found := installed(name))],
    }


def installed(package: str) -> str:
    """The version, "" for a package that is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
