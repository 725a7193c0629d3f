"""`python -m tests.parity.web_vectors`: what the web runtime is compared with, beside the phones' vectors.

build/phones/fp32 gets the float bundle of the 64 px stickers, which the web runtime draws token for
token, and build/phones/web the picture that native onnxruntime decodes from its golden trace.
"""

import json

import numpy as np

from runtime.bundle import open_bundle
from runtime.generator import Generator
from tests.shared_bundles import PHONES, make_once, shared_bundle

FOLDER = PHONES / "web"


def write_picture() -> None:
    bundle = open_bundle(shared_bundle("fp32"))
    golden = bundle.golden()
    assert golden is not None
    width, height = (side // bundle.manifest.model.token_size for side in golden.size)
    tokens = np.array(golden.final_tokens, np.int32).reshape(height, width)
    picture = Generator(bundle, threads=1).decode(tokens)
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"rgb": picture.ravel().tolist()})
    (FOLDER / "golden.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    shared_bundle("fp32")
    make_once(FOLDER, write_picture, "tests/parity")
