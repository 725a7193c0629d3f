"""Draws from an exported bundle with numpy and onnxruntime; only `runtime.parity` needs torch."""
