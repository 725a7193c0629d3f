"""A float bundle teaches: its steps, recorded, are those of its own drawing, and it agrees with itself."""

import subprocess
import sys

import numpy as np
import pytest

from runtime.bundle import open_bundle
from runtime.generator import Generator
from runtime.parity.bundle_steps import BundleSteps, record
from runtime.parity.comparison import Comparison
from runtime.request import Request
from tests.runtime import tiny_bundle

REQUESTS = [Request("a cat", seed=5, steps=4), Request("two dogs", seed=6, steps=3, guidance=1.0)]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> BundleSteps:
    folder = tiny_bundle.write_float_bundle(tmp_path_factory.mktemp("tiny"))
    return BundleSteps(open_bundle(folder), threads=1)


def test_recorded_steps_hold_the_models_logits(teacher):
    for step in record(teacher, REQUESTS):
        fed = step.feed()
        expected = tiny_bundle.guided_logits(
            fed["tokens"], fed["context"], fed["modulation"], float(fed["guidance"])
        )
        np.testing.assert_allclose(step.logits, expected, atol=1e-5)


def test_recorded_steps_are_those_of_the_drawing(teacher):
    steps = list(record(teacher, REQUESTS))
    assert [(step.settings.prompt, step.index) for step in steps] == [
        *(("a cat", i) for i in range(4)),
        *(("two dogs", i) for i in range(3)),
    ]
    for request in REQUESTS:
        tokens = Generator(teacher.bundle).text_to_image(request).tokens.ravel()
        last = [step for step in steps if step.settings.prompt == request.prompt][-1]
        assert np.array_equal(last.drawn[last.compared], tokens[last.compared])


def test_a_bundle_agrees_with_itself(teacher):
    found = Comparison.of(record(teacher, REQUESTS), teacher.repeat)
    assert found.positions == found.same > 0
    assert found.kl == 0


def test_a_comparison_counts_the_masked_positions_of_all_steps(teacher):
    steps = list(record(teacher, REQUESTS))

    def uniform(step):
        count = step.tokens.size
        return {"drawn": np.full(count, -1), "logits": np.zeros((count, tiny_bundle.CODES), np.float32)}

    found = Comparison.of(steps, uniform)
    assert found.same == 0
    assert found.positions == sum(int(step.compared.sum()) for step in steps)
    # KL to the uniform distribution is log C - entropy.
    logits = np.concatenate([step.logits[step.compared] for step in steps]).astype(np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    assert found.kl == pytest.approx(np.log(tiny_bundle.CODES) + (p * np.log(p)).sum(axis=-1).mean())


def test_nothing_of_it_imports_torch():
    code = "import sys, runtime.parity.verification; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
