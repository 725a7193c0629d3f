"""Graphs, conversion and compression of the iPhone bundle: `python -m export.coreml`."""

import runtime.coreml.tools  # noqa: F401 - silences coremltools before anything here imports it
