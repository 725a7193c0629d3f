"""Quantization of ONNX graphs."""

from reference.extras import require

require("export")
