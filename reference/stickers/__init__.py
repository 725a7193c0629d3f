"""Procedural cartoon stickers with captions: drawings, training on them, and the prompt-following score."""

from reference.extras import require

require("export")
