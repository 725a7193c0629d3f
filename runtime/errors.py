"""The runtime's errors, and those it shares with the other packages: one tree, see `reference.errors`."""

from reference.errors import Cancelled, Parser, RequestError, UserError, exit_code

__all__ = ["BundleError", "Cancelled", "EngineError", "Parser", "RequestError", "UserError", "exit_code"]


class BundleError(UserError):
    """The bundle is missing, damaged, newer than this runtime, or contradicts itself."""


class EngineError(UserError):
    """The engine cannot open or run a graph (an operator it lacks, tensors unlike the manifest's)."""
