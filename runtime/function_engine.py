"""Packages or assets under a bundle: functions chosen by the shapes of their inputs, one loaded a graph.

What runs a function is given: Core ML or the evaluator (`runtime.coreml`), or Core AI (`runtime.coreai`).
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from runtime.bundle import Bundle
from runtime.errors import BundleError, Cancelled
from runtime.functions import adapted, choose, dimensions_of, fixed
from runtime.manifest import Compute, Function
from runtime.onnxruntime_engine import check_array


class Runnable(Protocol):
    """A loaded function of a package or asset."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]: ...

    def cancel(self) -> None:
        """Ends the run in progress, if it can be ended."""


Load = Callable[[Path, str, Compute], Runnable]  # a function of a package or asset, for a unit


class FunctionEngine:
    """Runs a bundle's graphs by name. One thread draws; `cancel` may be called from another."""

    def __init__(self, bundle: Bundle, load: Load) -> None:
        self.bundle = bundle
        self._load = load
        self._loaded: dict[str, tuple[Function, Runnable]] = {}
        self._lock = threading.Lock()
        self._running: Runnable | None = None
        self._cancelled = False

    def open(self, name: str) -> None:
        """Loads a graph's first function unless one is loaded. Raises BundleError or EngineError."""
        if name not in self._loaded:
            self._function(name, self.bundle.manifest.graphs[name].functions[0])

    @property
    def loaded(self) -> list[str]:
        """The graphs in memory now."""
        return list(self._loaded)

    def close(self, name: str) -> None:
        """Unloads a graph and its weights."""
        self._loaded.pop(name, None)

    def run(self, name: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a graph on the tensors it names (others are ignored) and returns its outputs by name.

        Raises Cancelled after `cancel`, BundleError for a tensor or an output unlike the manifest's and for a
        shape that no function has, EngineError if the run fails.
        """
        graph = self.bundle.manifest.graphs[name]
        feed = {tensor.name: adapted(tensor, tensors[tensor.name]) for tensor in graph.inputs}
        for tensor in graph.inputs:
            check_array(name, tensor, feed[tensor.name])
        chosen = choose(name, graph, dimensions_of(graph, {**tensors, **feed}))
        function = self._function(name, chosen)
        with self._lock:
            if self._cancelled:
                raise Cancelled
            self._running = function
        try:
            outputs = function.run(feed)
        finally:
            with self._lock:
                self._running = None
        if self._cancelled:
            raise Cancelled
        if missing := {tensor.name for tensor in graph.outputs} - set(outputs):
            names = ", ".join(sorted(outputs))
            raise BundleError(f"graph {name} gives {names}, and no {min(missing)}: export the bundle again")
        for tensor in fixed(graph.outputs, chosen):
            check_array(name, tensor, outputs[tensor.name])
        return {tensor.name: outputs[tensor.name] for tensor in graph.outputs}

    def cancel(self) -> None:
        """Stops the run in progress as soon as it can be and refuses further ones until `resume`."""
        with self._lock:
            self._cancelled = True
            if self._running is not None:
                self._running.cancel()

    def resume(self) -> None:
        with self._lock:
            self._cancelled = False

    def _function(self, name: str, function: Function) -> Runnable:
        if name in self._loaded and self._loaded[name][0] == function:
            return self._loaded[name][1]
        self.close(name)  # its weights leave memory before the other function's come
        graph = self.bundle.manifest.graphs[name]
        package = self.bundle.path(graph.files[0]).parent
        loaded = self._load(package, function.name, graph.compute or "cpu")
        self._loaded[name] = function, loaded
        return loaded
