"""Draws from an exported bundle: numpy and onnxruntime, never torch (only `runtime.parity` compares with it)."""
