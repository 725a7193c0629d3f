"""Runs the conditioner, which may take a fixed number of steps per call, and selects its text rows."""

from collections.abc import Mapping

import numpy as np

from runtime.engine import Engine


def split_steps(steps: np.ndarray, count: int) -> list[np.ndarray]:
    """Splits sinusoids [N, 256] into calls of `count` steps. The last call repeats the last step."""
    filled = np.concatenate([steps, np.repeat(steps[-1:], -len(steps) % count, axis=0)])
    return list(filled.reshape(-1, count, *steps.shape[1:]))


def run_conditioner(engine: Engine, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`context` f32 [R, T, D] and `modulation` f32 [N, R, M], from the tensors that the graph names."""
    graph = engine.bundle.manifest.graphs["conditioner"]
    (count,) = (tensor.shape[0] for tensor in graph.inputs if tensor.name == "step_sinusoids")
    if isinstance(count, str):
        return engine.run("conditioner", tensors)
    steps = tensors["step_sinusoids"]
    made = [
        engine.run("conditioner", {**tensors, "step_sinusoids": part}) for part in split_steps(steps, count)
    ]
    modulation = np.concatenate([part["modulation"] for part in made])[: len(steps)]
    return {**made[0], "modulation": modulation}


def without_guidance(conditions: Mapping[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    """`context` and `modulation` of a step without guidance: the prompt's row, the last one, `rows` times."""
    return {
        "context": np.repeat(conditions["context"][-1:], rows, axis=0),
        "modulation": np.repeat(conditions["modulation"][:, -1:], rows, axis=1),
    }
