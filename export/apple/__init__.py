"""Graphs, conversion and compression of the iPhone bundle: `python -m export.coreml`."""
