"""Apple's coreai-core, or the one line that says why this machine cannot run it."""

from reference.extras import coreai_unavailable
from runtime.errors import EngineError

if why := coreai_unavailable():
    raise EngineError(f"{why}: use an iPhone bundle of python -m export.coreml instead")

try:
    from coreai.authoring import AIModelAsset
    from coreai.runtime import NDArray
except ImportError as error:
    raise EngineError(f"no coreai-core ({error}): pip install 'meissonic-mobile[coreai]'") from None

__all__ = ["AIModelAsset", "NDArray"]
