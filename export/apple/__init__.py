"""The iPhone bundle: graphs, conversion and compression. The command is `python -m export.coreml`."""

import runtime.coreml.tools  # noqa: F401 - silences coremltools before any module here imports it
