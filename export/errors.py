"""Errors of exporting; like all of reference's UserErrors, the message is the one line that is printed."""

from reference.errors import UserError


class ExportError(UserError):
    """The bundle cannot be written: what the runtime says of its folder or the disk."""


class VerificationError(UserError):
    """A written graph does not do what the reference does."""
