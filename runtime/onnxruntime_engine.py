"""The onnxruntime engine: opens graphs by path, checks them against the manifest, runs and cancels them."""

import re
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from runtime.bundle import Bundle
from runtime.errors import BundleError, Cancelled, EngineError
from runtime.functions import choose, dimensions_of, fixed
from runtime.manifest import Function, Tensor
from runtime.processor import saturating
from runtime.request import check_threads

_ORT_TYPES = {"int32": "tensor(int32)", "float32": "tensor(float)", "uint8": "tensor(uint8)"}

_QUIET = 4  # fatal errors only: others come as exceptions, and log lines would break the progress bar

# onnxruntime's passes that widen half-precision weights when a graph is opened.
WIDENING = "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer"

# Everything onnxruntime raises when it opens or runs a graph.
_ORT_ERRORS = (
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,  # of the system: no further thread can be started
    TypeError,  # of its Python layer: a file that is no model
    ValueError,
)


class OnnxRuntimeEngine:
    """Runs a bundle's graphs by name. One thread draws; `cancel` may be called from another."""

    def __init__(self, bundle: Bundle, threads: int = 0, low_memory: bool = False):
        """`threads` is the number of threads that run a graph; 0 means every core.

        `low_memory` leaves weights mapped from their files (see `session_options`): slower by a sixth, but
        the system can drop their pages. Raises RequestError for a number of threads out of range.
        """
        self.bundle = bundle
        self._threads, self._low_memory = check_threads(threads), low_memory
        self._sessions: dict[str, tuple[Function | None, ort.InferenceSession]] = {}
        self._lock = threading.Lock()
        self._running: ort.RunOptions | None = None
        self._cancelled = False

    def open(self, name: str) -> None:
        """Loads a graph for the default size, unless one of its sizes is loaded.

        Raises EngineError or BundleError that names the file.
        """
        if name not in self._sessions:
            self._session(name, next(iter(self.bundle.manifest.graphs[name].functions), None))

    def _session(self, name: str, function: Function | None) -> ort.InferenceSession:
        """The graph for one size; it takes the place of the graph for another."""
        if name in self._sessions and self._sessions[name][0] == function:
            return self._sessions[name][1]
        self.close(name)  # its weights leave memory before the other's come
        graph = self.bundle.manifest.graphs[name]
        path = self.path(name) if function is None else self.bundle.path(function.name)
        try:
            session = self.create(name, path)
        except _ORT_ERRORS as error:
            line = f"onnxruntime {ort.__version__} cannot open {path}: {_first_line(error)}"
            raise EngineError(f"{line} ({self.way_out(name)})") from None
        _check_signature(path, "input", fixed(graph.inputs, function), session.get_inputs())
        _check_signature(path, "output", fixed(graph.outputs, function), session.get_outputs())
        self._sessions[name] = function, session
        return session

    def way_out(self, name: str) -> str:
        """What to do about a graph that cannot be opened."""
        version = self.made_with("onnxruntime")
        return f"the bundle was made with onnxruntime {version}: install that or a newer one"

    def made_with(self, tool: str) -> str:
        """The version that the manifest gives."""
        return self.bundle.manifest.tools.get(tool, "unknown")

    def path(self, name: str) -> Path:
        """The file that is opened to run a graph of one size."""
        return self.bundle.path(self.bundle.manifest.graphs[name].files[0])

    def create(self, name: str, path: Path) -> ort.InferenceSession:
        """A session of the graph `name` in the file `path`. Raises as onnxruntime does."""
        # Weights can stay mapped from their file only if the graph is opened by path.
        options = session_options(self._threads, self._low_memory)
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    @property
    def loaded(self) -> list[str]:
        """The graphs in memory."""
        return list(self._sessions)

    def close(self, name: str) -> None:
        """Unloads a graph and its weights."""
        self._sessions.pop(name, None)

    def run(self, name: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a graph on the tensors it names (it ignores others) and returns its outputs by name.

        Raises Cancelled after `cancel`, BundleError for a tensor unlike the manifest's or a size that the
        graph does not have, EngineError if the run fails.
        """
        graph = self.bundle.manifest.graphs[name]
        feed = {tensor.name: tensors[tensor.name] for tensor in graph.inputs}
        for tensor in graph.inputs:
            check_array(name, tensor, feed[tensor.name])
        function = choose(name, graph, dimensions_of(graph, tensors)) if graph.functions else None
        session = self._session(name, function)
        with self._lock:
            if self._cancelled:
                raise Cancelled
            options = self._running = ort.RunOptions()  # new for each run: a terminated one stays terminated
            options.log_severity_level = _QUIET
        names = [tensor.name for tensor in graph.outputs]
        try:
            outputs = session.run(names, feed, options)
        except _ORT_ERRORS as error:
            if self._cancelled:
                raise Cancelled from None
            raise EngineError(f"onnxruntime failed in graph {name}: {_first_line(error)}") from None
        finally:
            with self._lock:
                self._running = None
        # Copied, because a tensor in onnxruntime's memory keeps the arena alive after the graph is closed.
        return {name: np.array(output) for name, output in zip(names, outputs, strict=True)}

    def cancel(self) -> None:
        """Stops the run in progress and refuses others until `resume`."""
        with self._lock:
            self._cancelled = True
            if self._running is not None:
                self._running.terminate = True

    def resume(self) -> None:
        """Allows runs again after `cancel`."""
        with self._lock:
            self._cancelled = False


def session_options(threads: int = 0, mapped: bool = False) -> ort.SessionOptions:
    """The options that every graph of a bundle runs with; `threads` as in OnnxRuntimeEngine.

    With `mapped`, kernels read weights from the mapped data file, and the system loads and drops its pages.
    That excludes copies in a kernel's preferred order (prepacking, new layouts for convolutions) and widening
    half-precision weights in advance. Memory of tensors is freed at once, because an arena has holes.
    """
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads
    # The arena lets a run use the memory of the run before it. A memory pattern would plan the second run as
    # one block, which comes on top of what the first run took.
    options.enable_mem_pattern = False
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    # Makes both factors unsigned, because every processor sums such products exactly. One that sums u8 x s8
    # exactly as well would only lose speed: with AMX a product takes eleven times as long.
    if saturating():
        options.add_session_config_entry("session.x64quantprecision", "1")
    if mapped:
        options.enable_cpu_mem_arena = False
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.add_session_config_entry("optimization.disable_specified_optimizers", WIDENING)
    return options


def open_copy(graph: bytes, folder: Path, options: ort.SessionOptions) -> ort.InferenceSession:
    """Opens a graph from memory that reads its weights from a data file in `folder`."""
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder.resolve())
    )
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _check_signature(file: Path, kind: str, wanted: list[Tensor], found: list[ort.NodeArg]) -> None:
    """Raises BundleError unless the graph's names, types and fixed sizes are the manifest's."""
    by_name = {argument.name: argument for argument in found}
    if set(by_name) != {tensor.name for tensor in wanted}:
        names = ", ".join(sorted(by_name))
        raise BundleError(f"{file} has {kind}s {names}, unlike the manifest: export the bundle again")
    for tensor in wanted:
        argument = by_name[tensor.name]
        same = argument.type == _ORT_TYPES[tensor.dtype] and len(argument.shape) == len(tensor.shape)
        same = same and all(
            here == there
            for here, there in zip(argument.shape, tensor.shape, strict=True)
            if isinstance(here, int) and isinstance(there, int)
        )
        if not same:
            raise BundleError(
                f"{file}: {kind} {tensor.name} is {argument.type} {argument.shape}, the manifest says "
                f"{tensor.dtype} {tensor.shape}: export the bundle again"
            )


def check_array(graph: str, tensor: Tensor, array: np.ndarray) -> None:
    """Raises BundleError for an array unlike the manifest's tensor."""
    same = array.dtype == tensor.dtype and array.ndim == len(tensor.shape)
    same = same and all(
        here == there for here, there in zip(array.shape, tensor.shape, strict=True) if isinstance(there, int)
    )
    if not same:
        raise BundleError(
            f"graph {graph}: {tensor.name} would be {array.dtype} {list(array.shape)}, the manifest says "
            f"{tensor.dtype} {tensor.shape}: the bundle's graphs do not fit together, export it again"
        )


def _first_line(error: Exception) -> str:
    """onnxruntime's message without its code and the path, which our message already names."""
    line = str(error).strip().splitlines()[0]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .*? failed:)?", "", line)
