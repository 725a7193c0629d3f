"""coremltools without its warnings about missing parts and without its progress bars."""

import contextlib
import io
import logging
from collections.abc import Iterator

from runtime.errors import EngineError

logging.getLogger("coremltools").setLevel(logging.ERROR)  # before the import, which already warns

try:
    import coremltools
    from coremltools.proto import MIL_pb2
except ImportError as error:
    raise EngineError(f"no coremltools ({error}): pip install 'meissonic-mobile[coreml]'") from None

__all__ = ["MIL_pb2", "coremltools", "quiet"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide progress bars, which go to stderr; errors are exceptions."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield
