from importlib.util import find_spec

import pytest

from reference.extras import qnn_unavailable


def reason_to_skip() -> str | None:
    """Why Qualcomm's runtime cannot run here; `.ci/test.sh` prints it at its end."""
    if find_spec("onnxruntime_qnn") is None and not qnn_unavailable():
        return "onnxruntime-qnn is not installed: pip install 'meissonic-mobile[qnn]'"
    return qnn_unavailable()


@pytest.fixture(scope="session", autouse=True)
def qualcomm() -> None:
    """Skips the tests of this folder, with the reason, where Qualcomm's runtime cannot run."""
    if why := reason_to_skip():
        pytest.skip(why)
