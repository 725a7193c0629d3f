"""Resumable training state (safetensors and JSON, written atomically) and what several processes share."""

import json
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from reference.errors import CheckpointError
from reference.files import atomic_file
from reference.weights import save_tensors

Optimizers = dict[str, torch.optim.Optimizer]


def save_snapshot(path: Path, modules: dict[str, nn.Module], optimizers: Optimizers, meta: dict) -> None:
    """Rank 0 writes parameters, buffers and moments into one file; `meta` is any JSON value."""
    if rank_and_world()[0] > 0:
        return
    tensors = {
        f"{name}.{key}": value
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    for name, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": value for key, value in state.items()}
    with atomic_file(path) as file:
        save_tensors(Path(file.name), tensors, {"meta": json.dumps(meta)})


def load_snapshot(path: Path, modules: dict[str, nn.Module], optimizers: Optimizers) -> dict:
    """Restore what `save_snapshot` wrote and return its `meta`.

    Raises CheckpointError where the file is damaged or belongs to a run of another layout.
    """
    with opened_snapshot(path) as file:
        meta = json.loads(file.metadata()["meta"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    moments: dict[str, dict[int, dict[str, Tensor]]] = {name: {} for name in optimizers}
    states: dict[str, dict[str, Tensor]] = {name: {} for name in modules}
    try:
        for key, value in tensors.items():
            owner, rest = key.split(".", 1)
            if owner in optimizers:
                index, field = rest.split(".")
                moments[owner].setdefault(int(index), {})[field] = value
            else:
                states[owner][rest] = value
        for name, module in modules.items():
            module.load_state_dict(states[name])
        for name, optimizer in optimizers.items():
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": moments[name], "param_groups": groups})
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is of another recipe; remove its folder to start anew") from error
    return meta


class SaveTimer:
    """Called after every step, it says whether two minutes have passed since it last said so."""

    def __init__(self, seconds: float = 120) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def __call__(self) -> bool:
        due = time.monotonic() - self._last >= self._seconds
        if due:
            self._last = time.monotonic()
        return due


@contextmanager
def opened_snapshot(path: Path) -> Iterator[Any]:
    """The safetensors file of an unfinished run. Raises CheckpointError for one that no run has written."""
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{path} is damaged or of another program: remove it to start anew, or choose another --out"
        ) from None


def read_meta(path: Path) -> dict:
    """The `meta` of a snapshot without its tensors. Raises CheckpointError for a damaged file."""
    with opened_snapshot(path) as file:
        return json.loads(file.metadata()["meta"])


def seed_all(seed: int) -> None:
    """Seed Python's and torch's global generators (weight initialisation)."""
    random.seed(seed)
    torch.manual_seed(seed)


def rank_and_world() -> tuple[int, int]:
    """This process's rank and the number of processes; (0, 1) without torchrun."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def wait_for_all() -> None:
    """No process goes on until every one is here: what rank 0 wrote before may be read after."""
    if dist.is_initialized():
        dist.barrier()


def share_of_batch(batch: int) -> slice:
    """The rows of a global batch that this process works on."""
    rank, world = rank_and_world()
    return slice(rank, batch, world)


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Add up gradients over all processes.

    The loss is divided by the global count, so the sum is the whole batch's gradient whatever the world size.
    """
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    for gradient, piece in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(piece.view_as(gradient))


def total(value: Tensor) -> Tensor:
    """Sum of a detached scalar over all processes."""
    value = value.detach().clone()
    if dist.is_initialized():
        dist.all_reduce(value)
    return value


def broadcast(tensor: Tensor) -> None:
    """Overwrite `tensor` everywhere with rank 0's."""
    if dist.is_initialized():
        dist.broadcast(tensor, 0)
