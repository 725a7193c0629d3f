from importlib.util import find_spec

import pytest

from reference.extras import qnn_unavailable


@pytest.fixture(scope="session", autouse=True)
def qualcomm() -> None:
    """Skips the tests of this folder, with the reason, where Qualcomm's runtime cannot run."""
    if why := qnn_unavailable():
        pytest.skip(why)
    if find_spec("onnxruntime_qnn") is None:
        pytest.skip("onnxruntime-qnn is not installed: pip install 'meissonic-mobile[qnn]'")
