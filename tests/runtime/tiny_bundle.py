"""A bundle small enough to compute by hand: real ONNX graphs, run by the real onnxruntime.

The step is a genuine masked model in miniature: logits from the token at the position, the guided context and
the step's modulation, softmax, one inverse CDF. `guided_logits` and `draw` are the same in plain numpy.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
from onnx import numpy_helper, parser

from quantize.onnx_files import save
from runtime.manifest import (
    Defaults,
    FileFacts,
    Function,
    Graph,
    Manifest,
    ModelFacts,
    PreviewFacts,
    Source,
    StudentFacts,
    Tensor,
    TokenizerFacts,
)

GOLDEN_TOKENIZER = Path(__file__).parents[1] / "golden" / "mei" / "checkpoint" / "tokenizer"

GRID = H, W = 6, 8
TOKEN_SIZE = 4
SIZE = (W * TOKEN_SIZE, H * TOKEN_SIZE)  # 32 x 24 pixels
CODES, VOCAB, MASK = 16, 18, 17
LENGTH, WIDTH = 8, 4  # text tokens, width of text, context and modulation
START, END = 526, 527

_HEADER = '<ir_version: 10, opset_import: ["": 23]>\n'

TEXT_ENCODER = """
text_encoder (int32[rows, 8] input_ids) => (float[rows, 8, 4] text_hidden, float[rows, 4] text_pooled) {
  text_hidden = Gather(text_table, input_ids)
  axes = Constant<value_ints = [1]>()
  text_pooled = ReduceMean<keepdims = 0>(text_hidden, axes)
}"""

CONDITIONER = """
conditioner (float[rows, 8, 4] text_hidden, float[rows, 4] text_pooled, float[5, 256] micro_sinusoids,
             float[steps, 256] step_sinusoids)
  => (float[rows, 8, 4] context, float[steps, rows, 4] modulation) {
  context = MatMul(text_hidden, mix)
  rows_axis = Constant<value_ints = [1]>()
  by_step = MatMul(step_sinusoids, project)
  by_step_3d = Unsqueeze(by_step, rows_axis)
  first_axis = Constant<value_ints = [0]>()
  micro = MatMul(micro_sinusoids, project)
  micro_sum = ReduceMean<keepdims = 0>(micro, first_axis)
  pooled = Add(text_pooled, micro_sum)
  modulation = Add(by_step_3d, pooled)
}"""

_LOGITS = """
  middle = Constant<value_ints = [1]>()
  text = ReduceMean<keepdims = 0>(context, middle)
  features = Add(text, modulation)
  zero = Constant<value_int = 0>()
  last = Constant<value_int = -1>()
  unconditional = Gather<axis = 0>(features, zero)
  conditional = Gather<axis = 0>(features, last)
  one = Constant<value_float = 1.0>()
  more = Sub(guidance, one)
  difference = Sub(conditional, unconditional)
  push = Mul(more, difference)
  guided = Add(conditional, push)
  per_code = MatMul(guided, head)
  flat = Constant<value_ints = [-1]>()
  tokens_flat = Reshape(tokens, flat)
  per_token = Gather(code_table, tokens_flat)
  logits = Add(per_token, per_code)
"""

_DRAW = """
  probability = Softmax<axis = -1>(logits)
  code_axis = Constant<value_int = 1>()
  cumulative = CumSum(probability, code_axis)
  row = Constant<value_int = 0>()
  uniform = Gather<axis = 0>(uniforms, row)
  column = Constant<value_ints = [1]>()
  threshold = Unsqueeze(uniform, column)
  passed = LessOrEqual(cumulative, threshold)
  passed_int = Cast<to = 6>(passed)
  count = ReduceSum<keepdims = 0>(passed_int, column)
  top = Constant<value = int32 {15}>()
  drawn = Min(count, top)
  index = Unsqueeze(drawn, column)
  chosen = GatherElements<axis = 1>(probability, index)
  log_chosen = Log(chosen)
  log_prob = Squeeze(log_chosen, column)
"""

_GUIDED_INPUTS = "int32[6, 8] tokens, float[rows, 8, 4] context, float[rows, 4] modulation, float guidance"
_STEP_INPUTS = f"{_GUIDED_INPUTS}, float[2, 48] uniforms"
_DRAWN = "int32[48] drawn, float[48] log_prob"
TRANSFORMER = f"transformer ({_STEP_INPUTS}) => ({_DRAWN}) {{{_LOGITS}{_DRAW}}}"

# A student's step: it spreads the sum of the noise of a position over the logits of its codes.
NOISY = (
    TRANSFORMER.replace("uniforms)", "uniforms, float[6, 8, 4] embedding_noise)")
    .replace("logits = Add(per_token, per_code)", "logits = Add(plain, spread)")
    .replace(
        "middle = Constant<value_ints = [1]>()",
        """middle = Constant<value_ints = [1]>()
  width_axis = Constant<value_ints = [2]>()
  sums = ReduceSum<keepdims = 0>(embedding_noise, width_axis)
  column_shape = Constant<value_ints = [48, 1]>()
  sum_column = Reshape(sums, column_shape)
  ramp = Constant<value = float[1, 16] {3, -3, 2, -2, 1, -1, 3, -3, 2, -2, 1, -1, 3, -3, 2, -2}>()
  spread = Mul(sum_column, ramp)""",
        1,
    )
    .replace(
        "per_token = Gather(code_table, tokens_flat)",
        "per_token = Gather(code_table, tokens_flat)\n  plain = Add(per_token, per_code)",
    )
)

# The same step as a chain of two graphs: the first leaves out the uniforms, the second takes its logits.
LOGITS_ONLY = f"transformer ({_GUIDED_INPUTS}) => (float[48, 16] logits) {{{_LOGITS}}}"
SAMPLER = f"sampler (float[48, 16] logits, float[2, 48] uniforms) => ({_DRAWN}) {{{_DRAW}}}"

IMAGE_DECODER = """
image_decoder (int32[6, 8] tokens) => (uint8[24, 32, 3] image) {
  colours = Gather(palette, tokens)
  wide_shape = Constant<value_ints = [6, 1, 8, 1, 3]>()
  cells = Reshape(colours, wide_shape)
  repeated_shape = Constant<value_ints = [6, 4, 8, 4, 3]>()
  repeated = Expand(cells, repeated_shape)
  image_shape = Constant<value_ints = [24, 32, 3]>()
  image = Reshape(repeated, image_shape)
}"""

IMAGE_ENCODER = """
image_encoder (uint8[24, 32, 3] image) => (int32[6, 8] tokens) {
  values = Cast<to = 1>(image)
  cells_shape = Constant<value_ints = [6, 4, 8, 4, 3]>()
  cells = Reshape(values, cells_shape)
  inner = Constant<value_ints = [1, 3]>()
  means = ReduceMean<keepdims = 0>(cells, inner)
  code_axis = Constant<value_ints = [2]>()
  means_4d = Unsqueeze(means, code_axis)
  palette_float = Cast<to = 1>(palette)
  differences = Sub(means_4d, palette_float)
  squares = Mul(differences, differences)
  channel_axis = Constant<value_ints = [3]>()
  distances = ReduceSum<keepdims = 0>(squares, channel_axis)
  nearest = ArgMin<axis = 2, keepdims = 0>(distances)
  tokens = Cast<to = 6>(nearest)
}"""


def slow_tokens(trips: int) -> str:
    """Nodes that multiply matrices, about `trips` / 100 seconds, before they hand the tokens on."""
    return f"""
  sides = Constant<value_ints = [500, 500]>()
  matrix = ConstantOfShape<value = float[1] {{0.001}}>(sides)
  trips = Constant<value_int = {trips}>()
  go = Constant<value = bool {{1}}>()
  product = Loop<body = body (int64 i, bool more, float[500, 500] x) => (bool again, float[500, 500] y) {{
    again = Identity(more)
    y = MatMul(x, matrix)
  }}>(trips, go, matrix)
  smallest = ReduceMin<keepdims = 0>(product)
  nothing = Cast<to = 6>(smallest)
  late_tokens = Add(tokens, nothing)"""


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20)
    normal = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    levels = np.array([0, 85, 170, 255])
    palette = np.array(
        [[levels[code % 4], levels[code // 4], 255 - levels[code % 4]] for code in range(CODES)]
    )
    return {
        "text_table": normal(END + 1, WIDTH),
        "mix": normal(WIDTH, WIDTH),
        "project": normal(256, WIDTH) / 16,
        "head": normal(WIDTH, CODES) / 5,
        "code_table": normal(VOCAB, CODES),
        "palette": palette.astype(np.uint8),
    }


WEIGHTS = weights()
# Each code's colour, darker in the lower row: u8 [CODES, 2, 2, 3].
PATCHES = np.stack([WEIGHTS["palette"], WEIGHTS["palette"] // 2], axis=1)[:, :, None].repeat(2, axis=2)


def guided_logits(
    tokens: np.ndarray, context: np.ndarray, modulation: np.ndarray, guidance: float
) -> np.ndarray:
    """[H, W], [R, 8, 4], [R, 4] -> [H*W, 16] in float64."""
    features = context.astype(np.float64).mean(axis=1) + modulation
    guided = features[-1] + (guidance - 1) * (features[-1] - features[0])
    return WEIGHTS["code_table"][tokens.reshape(-1)] + guided @ WEIGHTS["head"]


def draw(logits: np.ndarray, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability = exponentials / exponentials.sum(axis=1, keepdims=True)
    drawn = np.minimum((probability.cumsum(axis=1) <= uniform[:, None]).sum(axis=1), CODES - 1)
    return drawn, np.log(probability[np.arange(len(drawn)), drawn])


def condition(ids: np.ndarray, steps: np.ndarray, micro: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids [R, 8] and sinusoids [N, 256], [5, 256] -> context [R, 8, 4], modulation [N, R, 4]."""
    hidden = WEIGHTS["text_table"][ids]
    pooled = hidden.mean(axis=1) + (micro @ WEIGHTS["project"]).mean(axis=0)
    return hidden @ WEIGHTS["mix"], (steps @ WEIGHTS["project"])[:, None] + pooled


def paint(tokens: np.ndarray) -> np.ndarray:
    """[H, W] -> u8 [24, 32, 3]."""
    return WEIGHTS["palette"][tokens].repeat(TOKEN_SIZE, axis=0).repeat(TOKEN_SIZE, axis=1)


# The dimensions that depend on the picture's size, by the tensors that have them.
SIDES: dict[str, list[int | str]] = {
    "tokens": ["height", "width"],
    "uniforms": [2, "positions"],
    "drawn": ["positions"],
    "log_prob": ["positions"],
    "image": ["pixel_height", "pixel_width", 3],
}


def resized(text: str, size: tuple[int, int]) -> str:
    """A graph's text for pictures of another size (W, H)."""
    width, height = (side // TOKEN_SIZE for side in size)
    for here, there in (
        ("[6, 8]", f"[{height}, {width}]"),
        ("48]", f"{height * width}]"),
        ("[24, 32, 3]", f"[{size[1]}, {size[0]}, 3]"),
        ("[6, 1, 8, 1, 3]", f"[{height}, 1, {width}, 1, 3]"),
        ("[6, 4, 8, 4, 3]", f"[{height}, 4, {width}, 4, 3]"),
    ):
        text = text.replace(here, there)
    return text


def with_sizes(folder: Path, name: str, text: str, graph: Graph, sizes: Sequence[tuple[int, int]]) -> Graph:
    """The entry of a graph that has a model for each size, the first of which is written already."""
    names = [f"{name}.onnx", *(f"{name}_{width}x{height}.onnx" for width, height in sizes[1:])]
    tensors = [*graph.inputs, *graph.outputs]
    sides = {str(side) for tensor in tensors for side in SIDES.get(tensor.name, []) if side not in (2, 3)}
    functions = []
    for file, size in zip(names, sizes, strict=True):
        width, height = (side // TOKEN_SIZE for side in size)
        pixels = {"pixel_height": size[1], "pixel_width": size[0]}
        all_sides = {"height": height, "width": width, "positions": height * width, **pixels}
        functions.append(Function(name=file, dimensions={side: all_sides[side] for side in sorted(sides)}))
        if size != sizes[0]:
            model = ir.serde.deserialize_model(parsed(resized(text, size)))
            save(model, folder / file, folder / names[0])

    def named(tensors: list[Tensor]) -> list[Tensor]:
        return [
            tensor.model_copy(update={"shape": SIDES.get(tensor.name, tensor.shape)}) for tensor in tensors
        ]

    return graph.model_copy(
        update={
            "inputs": named(graph.inputs),
            "outputs": named(graph.outputs),
            "files": [*names, *graph.files[1:]],
            "functions": functions,
        }
    )


def parsed(text: str) -> onnx.ModelProto:
    """The model of a graph's text, with its weights."""
    model = parser.parse_model(_HEADER + text)
    used = {name for node in model.graph.node for name in node.input}
    for key, value in WEIGHTS.items():
        if key in used:
            model.graph.initializer.append(numpy_helper.from_array(value, key))
    onnx.checker.check_model(model)
    return model


def write_graph(folder: Path, name: str, text: str) -> Graph:
    """One model file and one data file, and what the manifest says of them."""
    model = parsed(text)
    data = f"{name}.onnx.data"
    external = dict(save_as_external_data=True, location=data, size_threshold=64)
    onnx.save(model, folder / f"{name}.onnx", **external)
    files = [f"{name}.onnx", data] if (folder / data).exists() else [f"{name}.onnx"]
    tensors = [[_tensor(value) for value in values] for values in (model.graph.input, model.graph.output)]
    return Graph(precision="fp32", inputs=tensors[0], outputs=tensors[1], files=files)


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
    return Tensor(name=value.name, dtype=dtype, shape=[d.dim_param or d.dim_value for d in kind.shape.dim])


def write_bundle(
    folder: Path,
    graphs: dict[str, str] | None = None,
    step: tuple[str, ...] = ("transformer",),
    sizes: Sequence[tuple[int, int]] = (SIZE,),
    student: StudentFacts | None = None,
) -> Path:
    """Writes the tiny bundle; `graphs` replaces or adds graph texts. Several `sizes` share data files."""
    texts = {
        "text_encoder": TEXT_ENCODER,
        "conditioner": CONDITIONER,
        "transformer": TRANSFORMER,
        "image_decoder": IMAGE_DECODER,
        "image_encoder": IMAGE_ENCODER,
        **(graphs or {}),
    }
    (folder / "tokenizer").mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(GOLDEN_TOKENIZER / name, folder / "tokenizer" / name)
    written = {name: write_graph(folder, name, resized(text, sizes[0])) for name, text in texts.items()}
    for name in ("transformer", "image_decoder", "image_encoder") if len(sizes) > 1 else ():
        written[name] = with_sizes(folder, name, texts[name], written[name], sizes)
    (folder / "preview.bin").write_bytes(PATCHES.tobytes())
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    manifest = Manifest(
        model=ModelFacts(
            name="tiny",
            token_size=TOKEN_SIZE,
            compression=1,
            codebook_size=CODES,
            vocab_size=VOCAB,
            mask_token_id=MASK,
            masking_schedule="cosine",
            student=student,
            text_length=LENGTH,
            inner_dim=WIDTH,
            modulation_width=WIDTH,
        ),
        sizes=list(sizes),
        graphs=written,
        step=list(step),
        files={path.relative_to(folder).as_posix(): FileFacts.of(path) for path in files},
        tokenizer=TokenizerFacts(
            vocab="tokenizer/vocab.json",
            merges="tokenizer/merges.txt",
            length=LENGTH,
            bos=START,
            eos=END,
            pad=0,
            special={"!": 0, "<|startoftext|>": START, "<|endoftext|>": END},
            special_normalized=["<|startoftext|>", "<|endoftext|>"],
        ),
        defaults=Defaults(
            size=sizes[0], steps=6, guidance=3.0, temperature=(2.0, 0.0), negative="", score=6.0, strength=0.5
        ),
        preview=PreviewFacts(file="preview.bin", side=PATCHES.shape[1]),
        source=Source(checkpoint="tiny", sha256="0" * 64),
        tools={"onnxruntime": "1.32.0"},
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    return folder


def edit_manifest(folder: Path, *keys: str | int, value: object) -> None:
    """Sets one value deep in manifest.json."""
    path = folder / "manifest.json"
    data = here = json.loads(path.read_text(encoding="utf-8"))
    for key in keys[:-1]:
        here = here[key]
    here[keys[-1]] = value
    path.write_text(json.dumps(data), encoding="utf-8")


def write_float_bundle(folder: Path) -> Path:
    """The tiny bundle with its logits named as the exporter names them (a graph's text form has no syntax
    for such a name).
    """
    write_bundle(folder)
    model = onnx.load(folder / "transformer.onnx", load_external_data=False)
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = ["drawing.logits.out.0" if name == "logits" else name for name in names]
    replace_file(folder, "transformer.onnx", model.SerializeToString())
    return folder


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Writes a file of the bundle, and its size and hash into manifest.json."""
    (folder / name).write_bytes(content)
    edit_manifest(folder, "files", name, value=FileFacts.of(folder / name).model_dump())
