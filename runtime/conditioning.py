"""The conditioner, whatever number of steps it takes in one call."""

from collections.abc import Mapping

import numpy as np

from runtime.engines import AnyEngine


def run_conditioner(engine: AnyEngine, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`context` f32 [R, T, D] and `modulation` f32 [N, R, M] of the tensors the graph names.

    A graph of fixed shapes takes so many steps a call: the last ones are repeated to fill it.
    """
    graph = engine.bundle.manifest.graphs["conditioner"]
    (count,) = (tensor.shape[0] for tensor in graph.inputs if tensor.name == "step_sinusoids")
    if isinstance(count, str):
        return engine.run("conditioner", tensors)
    steps, modulation = tensors["step_sinusoids"], []
    made: dict[str, np.ndarray] = {}
    for start in range(0, len(steps), count):
        part = steps[start : start + count]
        filled = np.concatenate([part, np.repeat(part[-1:], count - len(part), axis=0)])
        made = engine.run("conditioner", {**tensors, "step_sinusoids": filled})
        modulation.append(made["modulation"][: len(part)])
    return {**made, "modulation": np.concatenate(modulation)}
