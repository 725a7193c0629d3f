"""The operator forms of the graphs for the NPU, one by one, and what was tried in their place.

A form is a few operators in ONNX's text format and the constants that they read. `measure` quantizes it as an
export does and runs it on Qualcomm's HTP back end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnxruntime as ort

from quantize.qnn import quantize_qnn
from runtime.onnxruntime_engine import session_options
from runtime.parity.measures import psnr
from runtime.qnn_engine import open_on_npu

RANDOM = np.random.default_rng(0)
TURN = np.kron(np.eye(16), [[0, 1], [-1, 0]])
ANGLES = np.repeat(RANDOM.uniform(0, 6, (64, 16)), 2, axis=-1)[:, None]


@dataclass(frozen=True)
class Form:
    """Operators on random inputs."""

    signature: str  # inputs and outputs
    body: str
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)

    def model(self) -> onnx.ModelProto:
        """The float graph."""
        text = f'<ir_version: 10, opset_import: ["": 23]> form {self.signature} {{ {self.body} }}'
        model = onnx.parser.parse_model(text)
        for name, value in self.constants.items():
            kind = np.float32 if value.dtype.kind == "f" else value.dtype
            model.graph.initializer.append(onnx.numpy_helper.from_array(value.astype(kind), name))
        return onnx.shape_inference.infer_shapes(model, data_prop=True)

    def feeds(self, count: int) -> list[dict[str, np.ndarray]]:
        """Random inputs."""
        return [{value.name: random_input(value) for value in self.model().graph.input} for _ in range(count)]


Figures = dict[str, float | str]


def drop_zero_points(path: Path) -> None:
    """Leave out the zero points of 0 of 4-bit weights, as ONNX allows."""
    model = onnx.load(path)
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and kinds.get(node.input[0]) == onnx.TensorProto.INT4:
            del node.input[2]
    onnx.save(model, path)


def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
    return RANDOM.normal(0, scale, shape).astype(np.float32)


def random_input(value: onnx.ValueInfoProto) -> np.ndarray:
    shape = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    if value.type.tensor_type.elem_type == onnx.TensorProto.INT32:
        return RANDOM.integers(0, 64, shape, np.int32)
    return normal(*shape)


LINE = "(float[2, 64, 128] x) => (float[2, 64, 128] y)"
MAP = "(float[1, 32, 16, 16] x)"
GROUPS = {"ones": np.ones(4, np.float32), "zeros": np.zeros(4, np.float32)}
FORMS: dict[str, Form] = {
    "linear: MatMul, Add": Form(
        LINE, "p = MatMul(x, w) y = Add(p, b)", {"w": normal(128, 128, scale=0.1), "b": normal(128)}
    ),
    "scores: MatMul of activations, Mul, Softmax": Form(
        "(float[2, 4, 64, 32] q, float[2, 4, 32, 64] k) => (float[2, 4, 64, 64] y)",
        "p = MatMul(q, k) s = Mul(p, c) y = Softmax <axis = -1> (s)",
        {"c": np.array(32**-0.5, np.float32)},
    ),
    "values: MatMul of activations": Form(
        "(float[2, 4, 64, 64] a, float[2, 4, 64, 32] v) => (float[2, 4, 64, 32] y)", "y = MatMul(a, v)"
    ),
    "LayerNormalization, Mul, Add": Form(
        "(float[2, 64, 128] x, float[2, 1, 128] scale, float[2, 1, 128] shift) => (float[2, 64, 128] y)",
        "n = LayerNormalization <axis = -1> (x, ones) m = Mul(n, scale) y = Add(m, shift)",
        {"ones": np.ones(128, np.float32)},
    ),
    "RMSNormalization of heads": Form(
        "(float[2, 64, 4, 32] x) => (float[2, 64, 4, 32] y)",
        "y = RMSNormalization <axis = -1> (x, w)",
        {"w": 1 + normal(32, scale=0.3)},
    ),
    "rotation: MatMul with a turn, Mul, Add": Form(
        "(float[2, 64, 4, 32] x) => (float[2, 64, 4, 32] y)",
        "a = Mul(x, cos) t = MatMul(x, turn) b = Mul(t, sin) y = Add(a, b)",
        {"cos": np.cos(ANGLES), "sin": np.sin(ANGLES), "turn": TURN},
    ),
    "Gelu": Form(LINE, 'y = Gelu <approximate = "tanh"> (x)'),
    "table: Gather, Split, Add, RMSNormalization": Form(
        "(int32[4, 64] ids) => (float[1, 64, 128] y)",
        "r = Gather(t, ids) a, b, c, d = Split <axis = 0, num_outputs = 4> (r) "
        "e = Add(a, b) f = Add(e, c) g = Add(f, d) y = RMSNormalization <axis = -1> (g, ones)",
        {"t": normal(64, 128), "ones": np.ones(128, np.float32)},
    ),
    "group norm: Reshape, InstanceNormalization, Reshape, Mul, Add": Form(
        f"{MAP} => (float[1, 32, 16, 16] y)",
        "g = Reshape(x, apart) n = InstanceNormalization <epsilon = 1e-6> (g, ones, zeros) "
        "j = Reshape(n, joined) m = Mul(j, w) y = Add(m, b)",
        GROUPS
        | {
            "apart": np.array([1, 4, 2048]),
            "joined": np.array([1, 32, 16, 16]),
            "w": normal(1, 32, 1, 1),
            "b": normal(1, 32, 1, 1),
        },
    ),
    "Conv, Sigmoid, Mul": Form(
        f"{MAP} => (float[1, 32, 16, 16] y)",
        "c = Conv <pads = [1, 1, 1, 1]> (x, w, b) s = Sigmoid(c) y = Mul(c, s)",
        {"w": normal(32, 32, 3, 3, scale=0.1), "b": normal(32)},
    ),
    "doubling: Concat of four, DepthToSpace, Conv": Form(
        f"{MAP} => (float[1, 32, 32, 32] y)",
        'f = Concat <axis = 1> (x, x, x, x) d = DepthToSpace <blocksize = 2, mode = "DCR"> (f) '
        "y = Conv <pads = [1, 1, 1, 1]> (d, w, b)",
        {"w": normal(32, 32, 3, 3, scale=0.1), "b": normal(32)},
    ),
    "levels: Conv, Transpose, Quantize to 8 bits": Form(
        f"{MAP} => (uint8[1, 16, 16, 3] y)",
        "c = Conv <pads = [1, 1, 1, 1]> (x, w, b) t = Transpose <perm = [0, 2, 3, 1]> (c) "
        "y = QuantizeLinear(t, unit, black)",
        {
            "w": normal(3, 32, 3, 3, scale=0.02),
            "b": np.full(3, 0.5),
            "unit": np.array(1 / 255, np.float32),
            "black": np.array(0, np.uint8),
        },
    ),
}
# What a graph must not hold: each is refused, or computed wrongly.
REJECTED: dict[str, Form] = {
    "ReduceSum, RMSNormalization": Form(
        "(float[4, 64, 128] x) => (float[1, 64, 128] y)",
        "s = ReduceSum(x, axes) y = RMSNormalization <axis = -1> (s, ones)",
        {"axes": np.array([0]), "ones": np.ones(128, np.float32)},
    ),
    "ReduceSum, LayerNormalization": Form(
        "(float[4, 64, 128] x) => (float[1, 64, 128] y)",
        "s = ReduceSum(x, axes) y = LayerNormalization <axis = -1> (s, ones)",
        {"axes": np.array([0]), "ones": np.ones(128, np.float32)},
    ),
    "GroupNormalization": Form(
        f"{MAP} => (float[1, 32, 16, 16] y)",
        "y = GroupNormalization <num_groups = 4> (x, w, b)",
        {"w": normal(32), "b": normal(32)},
    ),
    "RotaryEmbedding": Form(
        LINE,
        "y = RotaryEmbedding <interleaved = 1, num_heads = 4> (x, cos, sin, positions)",
        {
            "cos": np.cos(ANGLES[:, 0, ::2]),
            "sin": np.sin(ANGLES[:, 0, ::2]),
            "positions": np.tile(np.arange(64), (2, 1)),
        },
    ),
    "Resize, Conv": Form(
        f"{MAP} => (float[1, 32, 32, 32] y)",
        'r = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric", '
        'nearest_mode = "floor"> (x, , scales) y = Conv <pads = [1, 1, 1, 1]> (r, w, b)',
        {
            "scales": np.array([1, 1, 2, 2], np.float32),
            "w": normal(32, 32, 3, 3, scale=0.1),
            "b": normal(32),
        },
    ),
}


def measure(form: Form, folder: Path, four_bits: bool = False, zero_points: bool = True) -> Figures:
    """PSNR in dB of the HTP back end beside the float graph (`float`) and beside the CPU on the same codes
    (`cpu`).

    Or `refused`, with the first line of the provider's reason.
    """
    source, quantized = folder / "float.onnx", folder / "quantized.onnx"
    onnx.save(form.model(), source)
    quantize_qnn(source, quantized, form.feeds(8), {} if four_bits else None)
    if not zero_points:
        drop_zero_points(quantized)
    try:
        npu = open_on_npu(quantized)
    except Exception as error:  # onnxruntime raises many types
        return {"refused": str(error).splitlines()[0]}
    exact, codes = (
        ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
        for path in (source, quantized)
    )
    feeds = form.feeds(2)
    found = np.stack([npu.run(None, feed)[0] for feed in feeds])
    by_float, by_cpu = (
        np.stack([session.run(None, feed)[0] for feed in feeds]) for session in (exact, codes)
    )
    return {"float": psnr(by_float, found), "cpu": psnr(by_cpu, found)}
