"""The runtime's errors, and those it shares with the other packages: one tree, see `reference.errors`."""

from pydantic import ValidationError

from reference.errors import Cancelled, Parser, RequestError, UserError, exit_code, printable

__all__ = [
    "BundleError",
    "Cancelled",
    "EngineError",
    "Parser",
    "RequestError",
    "UserError",
    "exit_code",
    "first_problem",
    "printable",
]


MAX_MESSAGE = 1000  # characters


def first_problem(error: ValidationError) -> str:
    """The first fault that a schema found, as "PLACE: what it should be"."""
    first = error.errors()[0]
    place = "".join(f"{str(part)[:100]}: " for part in first["loc"])
    return place + first["msg"].removeprefix("Value error, ").replace("Input should", "it should")


class BundleError(UserError):
    """The bundle is missing, damaged, newer than this runtime, or contradicts itself."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message)[:MAX_MESSAGE])


class EngineError(UserError):
    """The engine cannot open or run a graph (an operator it lacks, tensors unlike the manifest's)."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message)[:MAX_MESSAGE])
