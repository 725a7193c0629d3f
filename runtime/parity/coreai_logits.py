"""The function of a sampler's asset that gives its logits: only verification and parity reports call it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from runtime.bundle import Bundle
from runtime.coreai.engine import AssetFunction
from runtime.function_engine import FunctionEngine
from runtime.manifest import Compute
from runtime.parity.machine_recording import LOGITS

Tensors = dict[str, np.ndarray]


def name_of(function: str) -> str:
    """The name of the function that gives the logits from which `function` of the sampler draws."""
    return f"{LOGITS}_{function}"


def logits_step(bundle: Bundle) -> Callable[[Mapping[str, np.ndarray]], Tensors]:
    """`runtime.parity.logits.open_step` of Core AI assets."""
    last = bundle.manifest.step[-1]
    shown: list[np.ndarray] = []

    class Both:
        """A function of the sampler, and its logits, which it leaves in `shown`."""

        def __init__(self, asset: Path, function: str, _: Compute) -> None:
            self.drawing, self.logits = (AssetFunction(asset, name) for name in (function, name_of(function)))

        def run(self, inputs: Mapping[str, np.ndarray]) -> Tensors:
            features = {name: value for name, value in inputs.items() if name != "uniforms"}
            shown[:] = [self.logits.run(features)[LOGITS]]
            return self.drawing.run(inputs)

        def cancel(self) -> None:
            """Do nothing, as `AssetFunction`."""

    engine = FunctionEngine(bundle, Both)

    def step(tensors: Mapping[str, np.ndarray]) -> Tensors:
        made = engine.run(last, tensors)
        return made | {LOGITS: shown.pop()}

    return step
