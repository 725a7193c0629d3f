"""ONNX models on disk: the graph in `name.onnx`, its large tensors in `name.onnx.data`, ready for mmap.

Tensors of at least 64 KiB start at multiples of 64 KiB (the coarsest granularity at which a system maps
files), smaller ones at multiples of 64 bytes (a cache line). A tensor that several initializers hold is
stored once. The same model gives the same bytes. Tensors are written one at a time, so a model may exceed
memory, and protobuf's 2 GiB, if its tensors are lazy or mapped.

Graphs of one network for several picture sizes share a data file: a further graph refers to the tensors that
are there, and only those that differ (position tables) are added.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import ClearMetadataAndDocStringPass

PAGE = 64 * 1024  # bytes
LINE = 64  # bytes
CHUNK = 64 * 2**20  # bytes written at a time
INLINE = 256  # bytes; smaller tensors stay in the graph: shapes, scalars, axes


def load(path: Path) -> ir.Model:
    """The model, its tensors mapped from the data file but not read."""
    return ir.load(path)


def files(path: Path) -> list[Path]:
    """The files that `save` writes for a model: the graph, then its data."""
    return [path, path.with_name(path.name + ".data")]


def save(model: ir.Model, path: Path, first: Path | None = None) -> None:
    """Write the model as described above; afterwards its initializers refer to the written file.

    `first` is the same network's graph for another size, saved in the same folder: the model shares its data
    file. Nodes lose metadata and documentation, which hold source lines and paths of the exporting machine.
    Raises OSError.
    """
    ClearMetadataAndDocStringPass()(model)
    graph_file, data_file = path, files(first or path)[1]
    shared = {} if first is None else tensors_of(first)
    offset = 0 if first is None else data_file.stat().st_size
    # id(tensor) -> tensor, offset. The reference to the tensor keeps its id from being used again.
    written: dict[int, tuple[ir.TensorProtocol, int]] = {}
    with data_file.open("wb" if first is None else "r+b") as file:
        for value in (value for graph in model.graphs() for value in graph.initializers.values()):
            tensor = value.const_value
            assert tensor is not None
            theirs = shared.get(str(value.name))
            if theirs is not None and same(tensor, theirs):
                if isinstance(theirs, ir.ExternalTensor):
                    written[id(tensor)] = tensor, theirs.offset or 0
                else:
                    tensor = value.const_value = theirs
            if tensor.nbytes <= INLINE:
                if tensor.name != value.name or isinstance(tensor, ir.ExternalTensor):
                    value.const_value = ir.tensor(tensor.numpy(), name=value.name)
                continue
            if id(tensor) not in written:
                alignment = PAGE if tensor.nbytes >= PAGE else LINE
                offset = -(-offset // alignment) * alignment
                file.seek(offset)
                if tensor.dtype.bitwidth < 8:  # two to a byte
                    file.write(tensor.tobytes())
                else:
                    write(file, tensor.numpy())
                written[id(tensor)] = tensor, offset
                offset += tensor.nbytes
            value.const_value = ir.ExternalTensor(
                data_file.name,
                written[id(tensor)][1],
                tensor.nbytes,
                tensor.dtype,
                shape=ir.Shape(tensor.shape.numpy()),
                name=value.name or "",
                base_dir=path.parent,
            )
    graph_file.write_bytes(ir.to_proto(model).SerializeToString(deterministic=True))


def tensors_of(path: Path) -> dict[str, ir.TensorProtocol]:
    """The tensors of a saved graph by the initializer's name, mapped from the data file but not read."""
    return {
        name: value.const_value
        for graph in load(path).graphs()
        for name, value in graph.initializers.items()
        if value.const_value is not None
    }


def same(tensor: ir.TensorProtocol, other: ir.TensorProtocol) -> bool:
    """Whether two tensors of one name hold the same numbers.

    A lazy tensor is a weight in fewer bits (`graph_edit.lazy`), which does not depend on the size of the
    picture. It is not computed again, because that takes minutes with `gptq`.
    """
    if tensor.dtype != other.dtype or tensor.shape.numpy() != other.shape.numpy():
        return False
    if isinstance(tensor, ir.LazyTensor):
        return True
    ours, theirs = tensor.numpy(), other.numpy()
    if ours.ndim == 0:
        return ours.tobytes() == theirs.tobytes()
    rows = max(1, CHUNK // max(theirs[:1].nbytes, 1))
    parts = (slice(start, start + rows) for start in range(0, len(theirs), rows))
    return all(ours[part].tobytes() == theirs[part].tobytes() for part in parts)


def write(file: BinaryIO, array: np.ndarray) -> None:
    """Write the array's bytes in C order, a chunk at a time, so a transposed view is never copied whole."""
    rows = max(1, CHUNK // max(array[:1].nbytes, 1))
    for start in range(0, len(array), rows):
        file.write(np.ascontiguousarray(array[start : start + rows]).data)
