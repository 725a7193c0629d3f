"""Errors a person can act on: the message is one clear line that names the file or value and the way out."""

import argparse
from typing import Any, NoReturn


class UserError(Exception):
    """Base of every error that the command line prints as `error: ...` with exit code 2."""


class BundleError(UserError):
    """The bundle is missing, damaged, newer than this runtime, or contradicts itself."""


class RequestError(UserError):
    """What was asked for cannot be drawn: a value out of range, an image of the wrong size."""


class EngineError(UserError):
    """The engine cannot open or run a graph (an operator it lacks, tensors unlike the manifest's)."""


class Cancelled(Exception):
    """The caller stopped the drawing; nothing was written."""


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument as every other wrong input, in one line; keeps the lines of its examples."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **settings})

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message} (see {self.prog} --help)")
