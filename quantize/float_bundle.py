"""A float bundle: the only kind that can be quantized."""

from pathlib import Path

from quantize.errors import QuantizationError
from runtime.bundle import Bundle, open_bundle


def open_float(folder: Path) -> Bundle:
    """Open a bundle whose graphs are all float. Raises BundleError, QuantizationError."""
    bundle = open_bundle(folder)
    for name, graph in bundle.manifest.graphs.items():
        if graph.precision != "fp32":
            raise QuantizationError(
                f"{folder}: {name} is {graph.precision} already, and only a float bundle can be quantized:"
                " export one with python -m export.onnx --fp32 --out DIR"
            )
    return bundle
