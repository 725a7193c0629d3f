"""Every operator, from a saved file, against torch: half precision to one rounding."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runtime.coreml.evaluator import Evaluator
from runtime.coreml.ops import OPERATORS
from runtime.coreml.program import load_program
from tests.runtime.coreml.cases import CASES
from tests.runtime.coreml.cases.case import Case
from tests.runtime.coreml.packages import build


def test_no_operator_escapes() -> None:
    assert {case.type for case in CASES} == set(OPERATORS)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator_computes_what_torch_says(case: Case, dtype: str, tmp_path: Path) -> None:
    inputs = {name: a.astype(dtype) if a.dtype == np.float32 else a for name, a in case.inputs.items()}
    if dtype == "float16" and not any(a.dtype == np.float16 for a in inputs.values()):
        pytest.skip("integers only")
    package = build(tmp_path / "case.mlpackage", case.build, inputs)
    assert case.type in {op.op_type for op in load_program(package).functions["main"].operations}

    outputs = Evaluator(package).run(inputs).values()

    expected = case.expected(**{name: torch.from_numpy(array) for name, array in case.inputs.items()})
    expected = expected if isinstance(expected, tuple) else (expected,)
    for output, wanted in zip(outputs, expected, strict=True):
        wanted = wanted.numpy()
        assert output.dtype == (dtype if wanted.dtype == np.float32 and case.type != "cast" else output.dtype)
        if output.dtype == np.float16:
            np.testing.assert_allclose(output, wanted.astype(np.float16), rtol=1e-3, atol=1e-6)
        elif output.dtype == np.float32:
            np.testing.assert_allclose(output, wanted, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(output, wanted)
