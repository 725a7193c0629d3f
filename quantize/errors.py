"""Errors of quantization; see `reference.errors`."""

from reference.errors import UserError


class RecipeError(UserError):
    """A recipe is unreadable, of a newer version or of another layout, or wants what a weight cannot be."""


class QuantizationError(UserError):
    """A bundle cannot be quantized, or its quantized graphs miss a limit."""
