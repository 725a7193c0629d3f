"""The tables of docs/coreai.md, from docs/results/coreai.json; `coreai` measures them.

Nothing here needs Apple's packages, because every machine checks the documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.benchmarks.markdown import table
from tests.benchmarks.results import read, source_line
from tests.benchmarks.scores import score

RESULT, SIZE_RESULT = "coreai", "coreai-size"
FORMS = ("fp32", "int8", "palette6", "int4", "palette4")
COMPARED = ("evaluator, dB", "Apple, dB", "one beside the other, dB")
BLOCKS = {"double_blocks": "double", "single_blocks": "single"}
FLAGS = {"palette6": "--palette 6", "palette4": "--palette 4"}


@dataclass(frozen=True)
class Kind:
    """What a bundle is made as: the form of its weights, the unit's attention, the arithmetic."""

    form: str
    attention: Literal["gpu", "ane"] = "gpu"
    arithmetic: Literal["float32", "float16"] = "float32"

    @property
    def name(self) -> str:
        """The key of its figures: the form, and what differs from the defaults."""
        other = [self.attention] * (self.attention != "gpu") + [self.arithmetic] * self.half
        return "-".join([self.form, *other])

    @property
    def half(self) -> bool:
        return self.arithmetic == "float16"

    @property
    def flags(self) -> str:
        """As the export takes them."""
        flags = [FLAGS.get(self.form, f"--{self.form}")]
        flags += ["--attention ane"] * (self.attention == "ane") + ["--arithmetic float16"] * self.half
        return " ".join(flags)


KINDS = (
    *(Kind(form) for form in FORMS),
    Kind("fp16", arithmetic="float16"),
    Kind("int8", arithmetic="float16"),
    Kind("palette6", "ane", "float16"),
)
"""The bundles of docs/coreai.md: every form in float32, and what a phone computes in half precision."""


def decibels(figures: dict[str, Any]) -> str:
    """dB of float outputs, and the share of equal values of whole ones."""
    parts = [] if figures["psnr"] is None else [f"{figures['psnr']:.0f}"]
    if figures["equal"] != 1 or not parts:
        share = "equal" if figures["equal"] == 1 else f"{100 * figures['equal']:.2f} %"
        parts.append(share)
    return ", ".join(parts)


def beside_table() -> str:
    """docs/coreai.md's table of section "The evaluator beside Apple's runtime"."""
    content = read(RESULT)
    rows = []
    order = [*FORMS, "fp16"]
    for key in sorted(content["beside"], key=lambda key: order.index(key.split(" ")[0])):
        (form, graph), figures = key.split(" "), content["beside"][key]
        worst = f"{figures['beside']['relative']:.0e}" if figures["beside"]["relative"] else "0"
        rows.append([form, graph, figures["arithmetic"], *compared(figures), worst])
    head = ("form", "graph", "arithmetic", *COMPARED, "largest")
    return f"{table(head, rows, words=3)}\n\n{source_line(content['sources']['beside'])}"


def compared(figures: dict[str, Any]) -> Iterator[str]:
    """The cells of the columns `COMPARED`."""
    yield from (decibels(figures[name]) for name in ("evaluator", "apple", "beside"))


def step_table() -> str:
    """docs/coreai.md's table of a step of the published size."""
    content = read(SIZE_RESULT)
    rows = [(row["graph"], f"{row['seconds']:.1f}", f"{row['gb']:.2f}") for row in content["step"]]
    return f"{table(('graph', 'processor time, s', 'peak RSS, GB'), rows)}\n\n{source_line(content)}"


def block_table() -> str:
    """docs/coreai.md's table of single blocks of the published width."""
    rows = [
        (BLOCKS[row["graph"]], row["arithmetic"], *compared(row), f"{row['seconds']:.1f}")
        for row in read(SIZE_RESULT)["blocks"]
    ]
    return table(("block", "arithmetic", *COMPARED, "Apple, processor time, s"), rows, words=2)


def bundle_table() -> str:
    """docs/coreai.md's table of bundles."""
    content = read(RESULT)
    rows = [
        [
            kind.form,
            f"`{kind.flags}`",
            f"{figures['bytes'] / 1e6:.1f}",
            f"{100 * figures['parity']['transformer.agreement']:.1f}",
            f"{figures['parity']['transformer.kl']:.2g}",
            f"{figures['parity']['image_decoder.psnr']:.0f}",
            score(content["scores"].get(kind.name, {}).get("verdicts", "")),
        ]
        for kind in KINDS
        if (figures := content["bundles"].get(kind.name))
    ]
    head = ("form", "export.coreai", "bundle, MB", "same tokens, %", "KL, nats", "image, dB", "score, %")
    return f"{table(head, rows, words=2)}\n\n{source_line(content['sources']['bundles'])}"


def rounding_table() -> str:
    """docs/coreai.md's table of ours beside coreai-opt."""
    content = read(RESULT)
    rows = [
        [form, *cells(content["rounding"], form, "ours"), *cells(content["rounding"], form, "coreai-opt")]
        for form in FORMS[1:]
        if f"{form} coreai-opt" in content["rounding"]
    ]
    head = ("form", "ours: same tokens, %", "KL, nats", "coreai-opt: same tokens, %", "KL, nats")
    return f"{table(head, rows)}\n\n{source_line(content['sources']['rounding'])}"


def cells(figures: dict[str, Any], form: str, by: str) -> Iterator[str]:
    found = figures[f"{form} {by}"]
    yield from (f"{100 * found['agreement']:.1f}", f"{found['kl']:.2g}")
