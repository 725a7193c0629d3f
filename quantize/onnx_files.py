"""ONNX models on disk: the graph in `name.onnx`, its large tensors in one `name.onnx.data` that can be
memory-mapped.

Tensors of at least 64 KiB start at multiples of 64 KiB (the coarsest granularity a system maps files at),
smaller ones at multiples of 64 bytes (a cache line); a tensor that several initializers hold is there once.
The same model gives the same bytes. Tensors are written one at a time, so a model larger than memory or than
protobuf's 2 GiB can be written as long as its tensors are lazy or mapped.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import ClearMetadataAndDocStringPass

PAGE = 64 * 1024  # bytes
LINE = 64
CHUNK = 64 * 2**20  # bytes written at a time
INLINE = 256  # tensors up to this size stay in the graph: shapes, scalars, axes


def load(path: Path) -> ir.Model:
    """The model with its tensors mapped from the data file, not read."""
    return ir.load(path)


def files(path: Path) -> list[Path]:
    """What `save` writes for a model: the graph, then its data."""
    return [path, path.with_name(path.name + ".data")]


def save(model: ir.Model, path: Path) -> None:
    """Writes the model in the layout above. Its initializers then refer to the written file. Raises OSError.

    Metadata and documentation of nodes go: they hold source lines and paths of the machine that exported.
    """
    ClearMetadataAndDocStringPass()(model)
    graph_file, data_file = files(path)
    offset = 0
    # By identity, which a tensor keeps as long as it is kept here.
    written: dict[int, tuple[ir.TensorProtocol, int]] = {}
    with data_file.open("wb") as file:
        for value in (value for graph in model.graphs() for value in graph.initializers.values()):
            tensor = value.const_value
            assert tensor is not None
            if tensor.nbytes <= INLINE:
                if tensor.name != value.name or isinstance(tensor, ir.ExternalTensor):
                    value.const_value = ir.tensor(tensor.numpy(), name=value.name)
                continue
            if id(tensor) not in written:
                alignment = PAGE if tensor.nbytes >= PAGE else LINE
                offset = -(-offset // alignment) * alignment
                file.seek(offset)
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


def write(file: BinaryIO, array: np.ndarray) -> None:
    """The array's bytes in C order, a chunk at a time, so that a transposed view is never copied whole."""
    rows = max(1, CHUNK // max(array[:1].nbytes, 1))
    for start in range(0, len(array), rows):
        file.write(np.ascontiguousarray(array[start : start + rows]).data)
