"""The bundle on disk: the manifest's schema, the same for every platform, and a reader that trusts nothing.

`export` builds a `Manifest` and writes it as JSON. Runtimes call `open_bundle`, which checks the version,
that every path stays inside the folder, and the size and SHA-256 of every file before an engine opens one,
because an engine that maps a truncated data file crashes.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from runtime.errors import BundleError

FORMAT = "meissonic-mobile"
VERSION = 1
MANIFEST = "manifest.json"

# What a runtime feeds each graph, and the outputs it needs. The step is a chain: an earlier graph must give
# each input that is not listed here.
FEEDS: dict[str, tuple[set[str], set[str]]] = {
    "text_encoder": ({"input_ids"}, {"text_hidden", "text_pooled"}),
    "conditioner": (
        {"text_hidden", "text_pooled", "micro_sinusoids", "step_sinusoids"},
        {"context", "modulation"},
    ),
    "image_decoder": ({"tokens"}, {"image"}),
    "image_encoder": ({"image"}, {"tokens"}),
}
STEP_FEED = ({"tokens", "context", "modulation", "guidance", "uniforms"}, {"drawn", "log_prob"})


def _inside(path: str) -> str:
    """A path of the manifest: relative, with forward slashes, never above the bundle's folder."""
    pure = PurePosixPath(path)
    plain = bool(path) and str(pure) == path and "\\" not in path and ":" not in path
    if not plain or pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"path {path!r} is outside the bundle or not in plain form")
    return path


BundlePath = Annotated[str, AfterValidator(_inside)]
PositiveInt = Annotated[int, Field(gt=0)]
TokenId = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    # An unknown key is a misspelling or from a newer format: both are errors.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelFacts(_Model):
    name: str
    token_size: PositiveInt  # pixels along one side of a VQ token
    compression: PositiveInt  # VQ tokens along one side of a position inside the blocks: 2 or 1
    codebook_size: PositiveInt
    vocab_size: PositiveInt
    mask_token_id: TokenId
    masking_schedule: Literal["cosine", "linear"]
    text_length: PositiveInt
    inner_dim: PositiveInt
    modulation_width: PositiveInt


class Tensor(_Model):
    """A graph's input or output. A dimension that differs from run to run is a string: "rows" (1 or 2),
    "steps", and those that depend on the picture's size if sizes share a graph (`Function`).
    """

    name: str
    dtype: Literal["int32", "float32", "uint8"]
    shape: list[PositiveInt | str]


# How weights are stored, from exact to coarse. "qnn" has 8-bit weights and 16-bit activations; in "paletteN"
# a weight is one of 2^N values.
PRECISIONS = ("fp32", "fp16", "qnn", "int8", "palette8", "palette6", "int4", "palette4")
ONE_PRECISION = f"({'|'.join(PRECISIONS)})"


class Function(_Model):
    """An entry point of a Core ML package, which has fixed shapes."""

    name: str
    dimensions: dict[str, PositiveInt]  # by the names that the graph's tensors give them


Compute = Literal["cpu", "gpu", "ane"]  # the unit that a graph was made for


class Graph(_Model):
    # Of its linear layers and convolutions; "int8+int4" if they differ.
    precision: Annotated[str, Field(pattern=rf"^{ONE_PRECISION}(\+{ONE_PRECISION})*$")]
    inputs: list[Tensor]
    outputs: list[Tensor]
    # The model, then its external data; or all files of a Core ML package.
    files: Annotated[list[BundlePath], Field(min_length=1)]
    functions: list[Function] = []  # empty: dimensions are free
    compute: Compute | None = None

    @property
    def coarsest(self) -> str:
        """The coarsest of its precisions."""
        return max(self.precision.split("+"), key=PRECISIONS.index)


class FileFacts(_Model):
    size: Annotated[int, Field(ge=0)]  # bytes
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
    length: Annotated[int, Field(ge=3)]
    bos: TokenId
    eos: TokenId
    pad: TokenId
    unk: TokenId | None = None  # None: equal to eos, as published
    special: dict[str, TokenId]
    special_normalized: list[str] = []

    @classmethod
    def of(cls, tokenizer: Any, vocab: str, merges: str) -> "TokenizerFacts":
        """The facts of a transformers CLIPTokenizer (any object with its attributes).

        Raises BundleError for an added token that strips its neighbours or matches whole words only.
        """
        added = {token.content: (index, token) for index, token in tokenizer.added_tokens_decoder.items()}
        for content, (_, token) in added.items():
            if token.lstrip or token.rstrip or token.single_word:
                raise BundleError(f"tokenizer: added token {content!r} is not a plain string as CLIP's are")
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
    size: tuple[PositiveInt, PositiveInt]  # (W, H) in pixels
    steps: PositiveInt
    guidance: float
    temperature: tuple[float, float]
    negative: str
    score: float  # the aesthetic score, which is the fifth micro-condition
    strength: float  # of image-to-image


class GoldenFile(_Model):
    file: BundlePath


class GoldenTrace(_Model):
    """One drawing, step by step, that every runtime must reproduce."""

    prompt: str
    negative: str
    seed: Annotated[int, Field(ge=0, lt=2**64)]
    steps: PositiveInt
    guidance: float
    size: tuple[PositiveInt, PositiveInt]  # (W, H) in pixels
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
    sizes: Annotated[list[tuple[PositiveInt, PositiveInt]], Field(min_length=1)]  # (W, H) in pixels
    graphs: dict[str, Graph]
    step: Annotated[list[str], Field(min_length=1)]
    files: dict[BundlePath, FileFacts]
    tokenizer: TokenizerFacts
    defaults: Defaults
    golden: GoldenFile | None = None
    source: Source
    tools: dict[str, str]
    parity: dict[str, Any] = {}

    @property
    def precision(self) -> str:
        """The coarsest precision of the graphs that decide which tokens are drawn."""
        drawing = ("text_encoder", "conditioner", *self.step)
        return max((self.graphs[name].coarsest for name in drawing), key=PRECISIONS.index)

    @property
    def engine(self) -> Literal["onnxruntime", "coreml"]:
        """The engine that runs its graphs."""
        return "coreml" if any(graph.functions for graph in self.graphs.values()) else "onnxruntime"

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
        named = [path for graph in self.graphs.values() for path in graph.files]
        named += [self.tokenizer.vocab, self.tokenizer.merges]
        named += [self.golden.file] if self.golden else []
        for path in named:
            if path not in self.files:
                raise ValueError(f"file {path!r} has no size and hash in files")
        for name, (given, wanted) in FEEDS.items():
            if name in self.graphs:
                self._check_chain([name], given, wanted)
        self._check_chain(self.step, *STEP_FEED)
        if self.tokenizer.length != self.model.text_length:
            raise ValueError("tokenizer length and text_length differ")
        if self.defaults.size not in self.sizes:
            raise ValueError(f"default size {self.defaults.size} is not among sizes")
        return self

    def _check_chain(self, chain: list[str], given: set[str], wanted: set[str]) -> None:
        made: set[str] = set()
        for name in chain:
            for tensor in self.graphs[name].inputs:
                if tensor.name not in given | made:
                    raise ValueError(f"graph {name!r} wants {tensor.name!r}, which nothing before it gives")
            made |= {tensor.name for tensor in self.graphs[name].outputs}
        if missing := wanted - made:
            raise ValueError(f"graph {chain[-1]!r} does not give {', '.join(sorted(missing))}")


@dataclass(frozen=True)
class Bundle:
    """An open bundle: every file in the manifest exists, with the size and hash that the manifest gives."""

    folder: Path
    manifest: Manifest

    def path(self, name: str) -> Path:
        """Where a file of the manifest is."""
        return self.folder / name

    def text(self, name: str) -> str:
        """The content of a text file of the manifest."""
        return self.path(name).read_text(encoding="utf-8")

    def golden(self) -> GoldenTrace | None:
        """The golden trace, None if the bundle has none. Raises BundleError."""
        if self.manifest.golden is None:
            return None
        path = self.path(self.manifest.golden.file)
        try:
            return GoldenTrace.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise BundleError(_first_problem(path, error)) from None


def open_bundle(folder: str | Path) -> Bundle:
    """Reads the manifest and verifies every file. Raises BundleError, which names the file."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    root = folder.resolve()
    for name, facts in manifest.files.items():
        _verify(root, name, facts)
    return Bundle(folder, manifest)


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest alone and leaves the other files unchecked. Raises BundleError."""
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        way_out = "make one with python -m export.onnx"
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST} ({way_out})") from None
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise BundleError(f"{path} is not valid JSON ({error}): export the bundle again") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BundleError(f'{path} is not a {FORMAT} manifest: its "format" should be "{FORMAT}"')
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        raise BundleError(f"{path} has version {version}, newer than {VERSION}: update the runtime")
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        raise BundleError(_first_problem(path, error)) from None


def _first_problem(path: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    where = "".join(f"{part}: " for part in first["loc"])
    return f"{path}: {where}{first['msg']}: export the bundle again"


def _verify(root: Path, name: str, facts: FileFacts) -> None:
    path = root / name
    # The target of a symbolic link must be inside the bundle too.
    if not path.resolve().is_relative_to(root):
        raise BundleError(f"{path} leads outside the bundle: replace the link by the file")
    if not path.is_file():
        raise BundleError(f"{path} is missing: copy the bundle again")
    try:
        size = path.stat().st_size
        if size != facts.size:
            kind = "truncated" if size < facts.size else "changed"
            raise BundleError(
                f"{path} is {kind}: {size} bytes instead of {facts.size}: copy the bundle again"
            )
        actual = FileFacts.of(path)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from None
    if actual.sha256 != facts.sha256:
        raise BundleError(f"{path} is changed: its SHA-256 is not the manifest's: copy the bundle again")
