"""ONNX models on disk: the graph in `name.onnx`, its large tensors in one `name.onnx.data` that can be
memory-mapped.

Tensors of at least 64 KiB start at multiples of 64 KiB (the coarsest granularity a system maps files at),
smaller ones at multiples of 64 bytes (a cache line). The same model gives the same bytes. Tensors are written
one at a time, so a model larger than memory or than protobuf's 2 GiB can be written as long as its tensors
are lazy or mapped.
"""

from pathlib import Path

import onnx_ir as ir
from onnx_ir.passes.common import ClearMetadataAndDocStringPass

PAGE = 64 * 1024  # bytes
LINE = 64
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
    with data_file.open("wb") as file:
        for value in model.graph.initializers.values():
            tensor = value.const_value
            assert tensor is not None
            if tensor.nbytes <= INLINE:
                continue
            alignment = PAGE if tensor.nbytes >= PAGE else LINE
            offset = -(-offset // alignment) * alignment
            file.seek(offset)
            file.write(tensor.tobytes())
            value.const_value = ir.ExternalTensor(
                data_file.name,
                offset,
                tensor.nbytes,
                tensor.dtype,
                shape=ir.Shape(tensor.shape.numpy()),
                name=value.name or "",
                base_dir=path.parent,
            )
            offset += tensor.nbytes
    graph_file.write_bytes(ir.to_proto(model).SerializeToString(deterministic=True))
