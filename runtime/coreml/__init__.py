"""Core ML packages: run them on any machine, and report what a saved package contains."""

from reference.extras import require

require("export", "coreml")
