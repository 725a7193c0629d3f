"""Procedural cartoon stickers with captions: drawings, training on them, and the prompt-following score."""
