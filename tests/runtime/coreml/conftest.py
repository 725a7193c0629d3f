import gc

import pytest

import tests.runtime.coreml.packages  # noqa: F401  (coremltools is to be among what is frozen)


@pytest.fixture(scope="session", autouse=True)
def imported_once() -> None:
    """coremltools and the evaluator collect garbage for each program: not through every module again."""
    gc.freeze()
