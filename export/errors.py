"""Errors of exporting; see `reference.errors`."""

from reference.errors import UserError


class ExportError(UserError):
    """Choices that do not go together, or that the platform cannot have."""


class VerificationError(UserError):
    """A written graph misses a limit: it does not do what the reference does."""
