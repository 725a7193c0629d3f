"""Core ML packages as they were saved: what is in them, and what they compute, on Linux and on a Mac."""

from reference.extras import require

require("export", "coreml")
