"""Calls of Apple's runtime, which sets their results from threads of its own."""

import sys

import numpy as np

from tests.coreai.layers import linear, write_asset


def test_the_runtime_keeps_no_result(tmp_path):
    from runtime.coreai.engine import AssetFunction
    from runtime.coreai.tools import NDArray

    x = np.eye(8, dtype=np.float32)
    function = AssetFunction(write_asset(linear(x), {"x": x}, tmp_path / "x.aimodel"), "main")
    made = function.loop.run_until_complete(function.function({"x": NDArray(x)}))
    function.loop.wait()
    held = sys.getrefcount(made["y"]._tensor)
    assert held == 2  # by made["y"], and as the argument


def test_a_function_stays_until_the_runtime_drops_its_last_call():
    from runtime.coreai.loop import RuntimeLoop

    loop = RuntimeLoop()
    held = [loop.create_future()]  # as the runtime holds it while another thread ends the call
    assert not loop._gone.acquire(blocking=False)  # so that `wait` would block
    held.clear()
    loop.wait()
    loop.close()
