"""Every operator, from a saved file, against torch: half precision to one rounding."""

import dataclasses
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

NUMPYS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "real_div": np.divide}


def test_no_operator_escapes() -> None:
    assert {case.type for case in CASES} == set(OPERATORS)


def of_floats(case: Case) -> bool:
    return any(array.dtype == np.float32 for array in case.inputs.values())


@pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, "float32") for case in CASES] + [(case, "float16") for case in CASES if of_floats(case)],
    ids=str,
)
def test_operator_computes_what_torch_says(case: Case, dtype: str, tmp_path: Path) -> None:
    inputs = {name: a.astype(dtype) if a.dtype == np.float32 else a for name, a in case.inputs.items()}
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


@pytest.mark.parametrize(
    "case", [case for case in CASES if OPERATORS[case.type].exact and of_floats(case)], ids=str
)
def test_exact_operators_round_as_float32_would(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {name: a.astype(np.float16) if a.dtype == np.float32 else a for name, a in case.inputs.items()}
    package = build(tmp_path / "case.mlpackage", case.build, inputs)
    direct = Evaluator(package).run(inputs)
    monkeypatch.setitem(OPERATORS, case.type, dataclasses.replace(OPERATORS[case.type], exact=False))
    for name, rounded in Evaluator(package).run(inputs).items():
        np.testing.assert_array_equal(direct[name], rounded)


def test_exact_arithmetic_over_all_of_half_precision() -> None:
    every = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(torch.float16)
    other = every[torch.randperm(len(every))]
    with np.errstate(all="ignore"):
        for name, numpys in NUMPYS.items():
            wanted = numpys(every.numpy(), other.numpy())
            np.testing.assert_array_equal(OPERATORS[name].compute(every, other), wanted)
        np.testing.assert_array_equal(OPERATORS["sqrt"].compute(every), np.sqrt(every.numpy()))
        np.testing.assert_array_equal(OPERATORS["square"].compute(every), every.numpy() * every.numpy())
