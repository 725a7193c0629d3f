"""The schema of `manifest.json`, the same for every platform.

`export` builds a `Manifest` and writes it as JSON. Every path stays inside the bundle's folder. The other
languages accept and refuse the same manifests (`tests/vectors/manifests.json`).
"""

import hashlib
import math
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from runtime.characters import normalize
from runtime.errors import BundleError

FORMAT = "meissonic-mobile"
VERSION = 1
MANIFEST = "manifest.json"
IMAGE_GRAPHS = ("image_decoder", "tiny_decoder", "image_encoder")

# Bounds of a manifest, far above every real one, so that a hostile one costs no memory and no time.
MAX_MANIFEST = 4_000_000  # bytes
MAX_TEXT_FILE = 64_000_000  # bytes of a vocabulary, merges, golden trace or preview
MAX_FILE = 2**40  # bytes
MAX_FILES = 10_000
MAX_PATH = 1000  # bytes in UTF-8; 255 a part
MAX_DEPTH = 32  # levels of nested objects and arrays
MAX_SIDE = 4096  # pixels
MAX_SIZES = 64
MAX_TEXT_LENGTH = 4096
MAX_STEP_GRAPHS = 64
MAX_DIMENSIONS = 8
MAX_STEPS = 1000
MAX_GUIDANCE = 100.0
MAX_PATCH = 16  # pixels along one side of a token in a preview

# What a runtime feeds each graph, and the outputs it needs. The step is a chain: an earlier graph must give
# each input that is not listed here.
FEEDS: dict[str, tuple[set[str], set[str]]] = {
    "text_encoder": ({"input_ids"}, {"text_hidden", "text_pooled"}),
    "conditioner": (
        {"text_hidden", "text_pooled", "micro_sinusoids", "step_sinusoids"},
        {"context", "modulation"},
    ),
    "image_decoder": ({"tokens"}, {"image"}),
    "tiny_decoder": ({"tokens"}, {"image"}),  # optional, as the encoder is
    "image_encoder": ({"image"}, {"tokens"}),
}
STEP_FEED = ({"tokens", "context", "modulation", "guidance", "uniforms"}, {"drawn", "log_prob"})
NOISE_FEED = "embedding_noise"  # of a student whose embeddings have noise


def _inside(path: str) -> str:
    """A path of the manifest: relative, with forward slashes, never above the bundle's folder."""
    pure = PurePosixPath(path)
    plain = path not in ("", ".") and str(pure) == path and "\\" not in path and ":" not in path
    plain = plain and not any(ord(character) < 32 or ord(character) == 127 for character in path)
    plain = plain and all(0 < len(part.encode()) <= 255 for part in path.split("/"))
    if not plain or pure.is_absolute() or ".." in pure.parts or len(path.encode()) > MAX_PATH:
        raise ValueError(f"path {path[:300]!r} is outside the bundle or not in plain form")
    return path


def _finite(tree: Any, depth: int = 1) -> Any:
    """JSON without NaN and infinities, nested at most MAX_DEPTH deep from the manifest's top."""
    if depth >= MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(tree, float) and not math.isfinite(tree):
        raise ValueError("a number is not finite")
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        _finite(value, depth + 1)
    return tree


BundlePath = Annotated[str, AfterValidator(_inside)]
Name = Annotated[str, Field(min_length=1)]
PositiveInt = Annotated[int, Field(gt=0, lt=2**31)]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Pixels = Annotated[int, Field(gt=0, le=MAX_SIDE)]
Steps = Annotated[int, Field(gt=0, le=MAX_STEPS)]
Guidance = Annotated[float, Field(ge=0, le=MAX_GUIDANCE)]
Temperature = Annotated[float, Field(ge=0, le=1000)]


class _Model(BaseModel):
    # An unknown key is a misspelling or from a newer format: both are errors.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Timestep = Literal["index", "share"]


class StudentFacts(_Model):
    """How a one-step student (Di[M]O) is drawn: docs/contract.md."""

    masked: Annotated[float, Field(ge=0, le=1)]  # share of the unknown tokens that the first pass sees masked
    noise: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of noise in its token embeddings


class ModelFacts(_Model):
    name: str
    token_size: Pixels  # pixels along one side of a VQ token
    compression: Annotated[int, Field(ge=1, le=2)]  # VQ tokens along one side of a position inside the blocks
    codebook_size: PositiveInt
    vocab_size: PositiveInt
    mask_token_id: TokenId
    masking_schedule: Literal["cosine", "linear"]
    timestep: Timestep = "index"  # what tells the model of a step with t steps after it: t, or t / N
    student: StudentFacts | None = None
    text_length: Annotated[int, Field(ge=3, le=MAX_TEXT_LENGTH)]
    inner_dim: PositiveInt
    modulation_width: PositiveInt


class Tensor(_Model):
    """A graph's input or output. A dimension that differs from run to run is a string: "rows" (1 or 2),
    "steps", and those that depend on the picture's size if sizes share a graph (`Function`). Only
    "guidance" may have no dimension.
    """

    name: Name
    dtype: Literal["int32", "float32", "uint8"]
    shape: Annotated[list[PositiveInt | Name], Field(max_length=MAX_DIMENSIONS)]

    @model_validator(mode="after")
    def _has_dimensions(self) -> "Tensor":
        if not self.shape and self.name != "guidance":
            raise ValueError(f"tensor {self.name!r} has no dimensions")
        first = self.shape[0] if self.shape else 1
        if self.name == "step_sinusoids" and isinstance(first, int) and first > MAX_STEPS:
            raise ValueError(f"{first} steps a call are more than {MAX_STEPS}")
        return self


# How weights are stored, from exact to coarse. "qnn" has 8-bit weights and 16-bit activations; in "paletteN"
# a weight is one of 2^N values.
PRECISIONS = ("fp32", "fp16", "qnn", "int8", "palette8", "palette6", "int4", "palette4")
ONE_PRECISION = f"({'|'.join(PRECISIONS)})"


ASSET = ".aimodel"  # the suffix of a Core AI asset, which is a folder


class Function(_Model):
    """What runs a graph in fixed shapes: an entry point of a Core ML package or Core AI asset, or one of the
    graph's ONNX models, by its path.
    """

    name: Name
    dimensions: dict[Name, PositiveInt]  # by the names that the graph's tensors give them


Compute = Literal["cpu", "gpu", "ane", "npu"]  # the unit that a graph was made for; "npu" is Qualcomm's


class Graph(_Model):
    # Of its linear layers and convolutions; "int8+int4" if they differ.
    precision: Annotated[str, Field(pattern=rf"^{ONE_PRECISION}(\+{ONE_PRECISION})*$")]
    inputs: list[Tensor]
    outputs: list[Tensor]
    # The model, or one for each size, then their external data; or all files of a Core ML package or Core AI
    # asset.
    files: Annotated[list[BundlePath], Field(min_length=1)]
    functions: list[Function] = []  # empty: dimensions are free
    compute: Compute | None = None
    # The graph compiled for chips, "sm8650" for example: the model of each, then the binaries that it names.
    contexts: dict[Name, Annotated[list[BundlePath], Field(min_length=2)]] = {}

    @model_validator(mode="after")
    def _only_npu_graphs_have_contexts(self) -> "Graph":
        if self.contexts and self.compute != "npu":
            raise ValueError('contexts are for graphs whose compute is "npu"')
        return self

    @model_validator(mode="after")
    def _all_functions_are_of_one_kind(self) -> "Graph":
        models = [function.name for function in self.functions if function.name in self.files]
        if models and (len(models) < len(self.functions) or len(set(models)) < len(models)):
            raise ValueError("functions are different files of the graph, or none of them is a file")
        if models and self.compute == "npu":
            raise ValueError('a graph whose compute is "npu" has one size')
        return self

    @property
    def models(self) -> list[str]:
        """Its ONNX models, one for each size if sizes share the graph; the first is that of the default."""
        return [function.name for function in self.functions] or self.files[:1]

    @property
    def all_files(self) -> list[str]:
        """Those of its contexts too."""
        return [*self.files, *(path for paths in self.contexts.values() for path in paths)]

    @property
    def coarsest(self) -> str:
        """The coarsest of its precisions."""
        return max(self.precision.split("+"), key=PRECISIONS.index)


class FileFacts(_Model):
    size: Annotated[int, Field(ge=0, le=MAX_FILE)]  # bytes
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    @classmethod
    def of(cls, path: Path) -> "FileFacts":
        with path.open("rb") as file:
            return cls(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


class TokenizerFacts(_Model):
    """CLIP's byte-level BPE: two files, and the ids that are not in the merges.

    `special` holds the strings that become one id wherever a prompt contains them. A string that is also in
    `special_normalized` is searched for after normalisation ("<|EndOfText|>" matches), the others as typed.
    """

    vocab: BundlePath
    merges: BundlePath
    length: Annotated[int, Field(ge=3, le=MAX_TEXT_LENGTH)]
    bos: TokenId
    eos: TokenId
    pad: TokenId
    unk: TokenId | None = None  # None: equal to eos, as published
    special: dict[Name, TokenId]
    special_normalized: list[Name] = []

    @classmethod
    def of(cls, tokenizer: Any, vocab: str, merges: str) -> "TokenizerFacts":
        """The facts of a transformers CLIPTokenizer (any object with its attributes).

        Raises BundleError for an added token that strips its neighbours or matches whole words only.
        """
        added: dict[str, tuple[int, Any]] = {}
        for index, token in tokenizer.added_tokens_decoder.items():
            if token.lstrip or token.rstrip or token.single_word:
                raise BundleError(
                    f"tokenizer: added token {token.content!r} is not a plain string as CLIP's are"
                )
            # It is searched for in normalized text, so its own text is normalized too.
            content = normalize(token.content) if token.normalized else token.content
            if content in added:
                raise BundleError(
                    f"tokenizer: added tokens {added[content][1].content!r} and {token.content!r} are equal"
                    " in a normalized prompt: remove one"
                )
            added[content] = (index, token)
        return cls(
            vocab=vocab,
            merges=merges,
            length=tokenizer.model_max_length,
            bos=tokenizer.bos_token_id,
            eos=tokenizer.eos_token_id,
            pad=tokenizer.pad_token_id,
            unk=tokenizer.unk_token_id,
            special={content: index for content, (index, _) in added.items()},
            special_normalized=[content for content, (_, token) in added.items() if token.normalized],
        )


class Defaults(_Model):
    size: tuple[Pixels, Pixels]  # (W, H)
    steps: Steps
    guidance: Guidance
    temperature: tuple[Temperature, Temperature]
    negative: str
    # The aesthetic score, which is the fifth micro-condition.
    score: Annotated[float, Field(ge=-1e6, le=1e6)]
    strength: Annotated[float, Field(gt=0, le=1)]  # of image-to-image


class PreviewFacts(_Model):
    """Patches that make a preview of tokens (`runtime.preview`): u8 [codebook_size, side, side, 3]."""

    file: BundlePath
    side: Annotated[int, Field(gt=0, le=MAX_PATCH)]  # pixels


class GoldenFile(_Model):
    file: BundlePath


class GoldenTrace(_Model):
    """One drawing, step by step, that every runtime must reproduce."""

    prompt: str
    negative: str
    seed: Annotated[int, Field(ge=0, lt=2**64)]
    steps: Steps
    guidance: Guidance
    size: tuple[Pixels, Pixels]  # (W, H)
    prompt_ids: list[TokenId]
    negative_ids: list[TokenId]
    masked: list[int]  # tokens masked again after each step; 0 after the last
    tokens: list[list[TokenId]]  # the grid after each step, row-major
    final_tokens: list[TokenId]
    image_sha256: str  # of the raw RGB bytes, row-major


class Source(_Model):
    checkpoint: str
    sha256: str


class Manifest(_Model):
    format: Literal["meissonic-mobile"] = "meissonic-mobile"
    version: Literal[1] = 1
    model: ModelFacts
    sizes: Annotated[list[tuple[Pixels, Pixels]], Field(min_length=1, max_length=MAX_SIZES)]  # (W, H)
    graphs: dict[Name, Graph]
    step: Annotated[list[Name], Field(min_length=1, max_length=MAX_STEP_GRAPHS)]
    files: Annotated[dict[BundlePath, FileFacts], Field(max_length=MAX_FILES)]
    tokenizer: TokenizerFacts
    defaults: Defaults
    preview: PreviewFacts | None = None
    golden: GoldenFile | None = None
    source: Source
    tools: dict[str, str]
    parity: Annotated[dict[str, Any], AfterValidator(_finite)] = {}

    @property
    def precision(self) -> str:
        """The coarsest precision of the graphs that decide which tokens are drawn."""
        drawing = ("text_encoder", "conditioner", *self.step)
        return max((self.graphs[name].coarsest for name in drawing), key=PRECISIONS.index)

    @property
    def engine(self) -> Literal["onnxruntime", "coreml", "coreai"]:
        """The engine that runs its graphs."""
        if any(f"{ASSET}/" in path for graph in self.graphs.values() for path in graph.files):
            return "coreai"
        functions = [(graph, function) for graph in self.graphs.values() for function in graph.functions]
        packages = any(function.name not in graph.files for graph, function in functions)
        return "coreml" if packages else "onnxruntime"

    @property
    def for_npu(self) -> bool:
        """Whether graphs were made for Qualcomm's NPU."""
        return any(graph.compute == "npu" for graph in self.graphs.values())

    @property
    def two_rows(self) -> bool:
        """Whether the step takes exactly two text rows, guided or not."""
        graphs = [self.graphs[name] for name in self.step]
        inputs = [tensor for graph in graphs for tensor in graph.inputs]
        rows = {function.dimensions.get("rows") for graph in graphs for function in graph.functions}
        return any(tensor.name == "context" and tensor.shape[0] == 2 for tensor in inputs) or (
            2 in rows and 1 not in rows
        )

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        for needed in ("text_encoder", "conditioner", "image_decoder", *self.step):
            if needed not in self.graphs:
                raise ValueError(f"graph {needed!r} is missing from graphs")
        if len(set(self.step)) < len(self.step):
            raise ValueError("a graph is twice in step")
        named = [path for graph in self.graphs.values() for path in graph.all_files]
        named += [self.tokenizer.vocab, self.tokenizer.merges]
        named += [part.file for part in (self.preview, self.golden) if part]
        for path in named:
            if path not in self.files:
                raise ValueError(f"file {path!r} has no size and hash in files")
        if self.preview:
            size = 3 * self.preview.side**2 * self.model.codebook_size
            if self.files[self.preview.file].size != size:
                raise ValueError(f"file {self.preview.file!r} has not the {size} bytes of the preview")
        for name, (given, wanted) in FEEDS.items():
            if name in self.graphs:
                self._check_chain([name], given, wanted)
        given, wanted = STEP_FEED
        noisy = self.model.student is not None and self.model.student.noise > 0
        self._check_chain(self.step, given | {NOISE_FEED} if noisy else given, wanted)
        if self.tokenizer.length != self.model.text_length:
            raise ValueError("tokenizer length and text_length differ")
        if unknown := set(self.tokenizer.special_normalized) - set(self.tokenizer.special):
            raise ValueError(f"special_normalized has {min(unknown)!r}, which is not in special")
        if self.model.mask_token_id >= self.model.vocab_size:
            raise ValueError("mask_token_id is not below vocab_size")
        if self.model.codebook_size > self.model.vocab_size:
            raise ValueError("codebook_size is above vocab_size")
        unit = self.model.token_size * self.model.compression
        if any(side % unit for size in self.sizes for side in size):
            raise ValueError(f"a side of sizes is no multiple of {unit} pixels")
        if self.defaults.size not in self.sizes:
            raise ValueError(f"default size {self.defaults.size} is not among sizes")
        return self

    def _check_chain(self, chain: list[str], given: set[str], wanted: set[str]) -> None:
        made: set[str] = set()
        for name in chain:
            graph = self.graphs[name]
            for tensors in (graph.inputs, graph.outputs):
                if len({tensor.name for tensor in tensors}) < len(tensors):
                    raise ValueError(f"graph {name!r} names a tensor twice")
            for tensor in graph.inputs:
                if tensor.name not in given | made:
                    raise ValueError(f"graph {name!r} wants {tensor.name!r}, which nothing before it gives")
            made |= {tensor.name for tensor in graph.outputs}
        if missing := wanted - made:
            raise ValueError(f"graph {chain[-1]!r} does not give {', '.join(sorted(missing))}")
