"""The parts of `python -m export.check_on_mac`. They need coremltools, numpy and pydantic, and no more."""
