"""The comparison as one HTML page that needs no other file: pictures and charts are inside."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from reference.stickers.score import grid
from runtime.bundle import Bundle
from runtime.parity import measures
from runtime.parity.chart import decades, line_chart, shares
from runtime.parity.figures import MEANING, StepMean, by_step, not_ties
from runtime.parity.limits import Verdict, missed
from runtime.parity.prompt_following import Meaning
from runtime.parity.side_by_side import DrawingComparison

AMPLIFIED = 8  # times, of differences in pictures
LARGEST = 256  # pixels a side of a picture in the page
LISTED = 20  # of the positions that are not ties


@dataclass(frozen=True)
class Result:
    """All that was measured."""

    bundle: Bundle
    precision: str
    settings: Mapping[str, Any]
    drawings: Sequence[DrawingComparison]
    meaning: Meaning | None
    not_judged: str | None  # why there is no meaning
    figures: Mapping[str, float]
    verdicts: Sequence[Verdict]
    seconds: Mapping[str, tuple[float | None, float | None]]  # a stage of one drawing (reference, bundle)

    @property
    def steps(self) -> list[StepMean]:
        return by_step(self.drawings)

    @property
    def passed(self) -> bool:
        return not missed(self.verdicts)


def html(result: Result) -> str:
    """The page."""
    steps = result.steps
    listed = not_ties(result.drawings)
    return render(
        "report.html.j2",
        result=result,
        manifest=result.bundle.manifest,
        sizes=graph_sizes(result.bundle),
        drawings=[drawing_row(drawing) for drawing in result.drawings],
        sheets=sheets(result.meaning),
        charts=[
            ("Same token, masked positions", agreement_chart(steps)),
            ("KL of the guided distribution, nats", kl_chart(steps)),
        ],
        not_ties=listed[:LISTED],
        left_out=max(0, len(listed) - LISTED),
        amplified=AMPLIFIED,
        meanings=MEANING,
        limits={verdict.limit.figure: verdict for verdict in result.verdicts},
    )


def render(template: str, **values: Any) -> str:
    """A page from a template of this folder."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": shown, "size": megabytes}
    return environment.get_template(template).render(**values)


def agreement_chart(steps: Sequence[StepMean]) -> str:
    values = [step.agreement for step in steps]
    return line_chart("token agreement by step", values, shares(values))


def kl_chart(steps: Sequence[StepMean]) -> str:
    values = [step.kl for step in steps]
    return line_chart("KL by step", values, decades(values))


def drawing_row(drawing: DrawingComparison) -> dict[str, Any]:
    """What the page says of one drawing."""
    reference, own = drawing.pictures
    different = [difference for step in drawing.steps for difference in step.differences]
    return {
        "prompt": drawing.prompt,
        "seed": drawing.seed,
        "pictures": [data_uri(picture) for picture in (reference, own, amplified(reference, own))],
        "agreement": drawing.compared.agreement,
        "different": len(different),
        "ties": sum(difference.tie for difference in different),
        "kl": drawing.compared.kl,
        "tokens": measures.agreement(*drawing.tokens),
        "psnr": measures.image_psnr(reference, own),
    }


def amplified(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """|difference| times AMPLIFIED, u8."""
    difference = np.abs(reference.astype(np.int32) - other)
    return np.minimum(difference * AMPLIFIED, 255).astype(np.uint8)


def sheets(meaning: Meaning | None) -> list[tuple[str, str]]:
    """All judged pictures of reference and bundle, framed by verdict."""
    if meaning is None:
        return []
    scores = meaning.reference, meaning.bundle
    framed = [grid(images, score.passed) for images, score in zip(meaning.pictures, scores, strict=True)]
    return [(name, png_uri(image)) for name, image in zip(("reference", "bundle"), framed, strict=True)]


def data_uri(picture: np.ndarray) -> str:
    """u8 [h, w, 3] as a PNG inside a URI, large ones shrunk."""
    image = Image.fromarray(picture)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return png_uri(image)


def png_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def graph_sizes(bundle: Bundle) -> dict[str, int]:
    """Bytes of each graph's files."""
    files = bundle.manifest.files
    return {
        name: sum(files[file].size for file in graph.files) for name, graph in bundle.manifest.graphs.items()
    }


def shown(name: str, value: float | None) -> str:
    """A figure as people read it, by what its name says it is."""
    measure = name.rpartition(".")[2]
    if value is None or math.isinf(value):
        return "equal" if measure == "psnr" else "none"
    if measure in ("agreement", "reference", "bundle", "drop"):
        return f"{100 * value:.3f} %" if 0.99 < value < 1 else f"{100 * value:.2f} %"
    if measure == "psnr":
        return f"{value:.2f} dB"
    if measure == "cosine":
        return f"{value:.7f}"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.3g}"


def figure_lines(figures: Mapping[str, float], verdicts: Sequence[Verdict]) -> list[str]:
    """Each figure with its limit, if it has one."""
    by_name = {verdict.limit.figure: verdict for verdict in verdicts}
    lines = []
    for name, value in figures.items():
        line = f"  {name:30} {shown(name, value):>12}"
        if name in by_name:
            limit = by_name[name].limit
            side = "at least" if limit.higher_is_better else "at most"
            line += f"   {side} {shown(name, limit.worst)}" + ("" if by_name[name].holds else "   MISSED")
        lines.append(line)
    return lines


def megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def to_json(result: Result) -> dict[str, Any]:
    """All figures; infinity (the PSNR of equal pictures) is null."""
    manifest = result.bundle.manifest
    meaning = result.meaning
    return {
        "passed": result.passed,
        "precision": result.precision,
        "source": manifest.source.model_dump(),
        "settings": dict(result.settings),
        "figures": {name: storable(value) for name, value in result.figures.items()},
        "limits": {
            verdict.limit.figure: {
                "worst": verdict.limit.worst,
                "higher_is_better": verdict.limit.higher_is_better,
                "holds": verdict.holds,
            }
            for verdict in result.verdicts
        },
        "steps": [asdict(step) for step in result.steps],
        "drawings": [
            {name: storable(value) for name, value in drawing_row(drawing).items() if name != "pictures"}
            for drawing in result.drawings
        ],
        "differences": [
            {"prompt": drawing.prompt, "seed": drawing.seed, "tie": difference.tie, **asdict(difference)}
            for drawing in result.drawings
            for step in drawing.steps
            for difference in step.differences
        ],
        "meaning": None
        if meaning is None
        else {
            "prompts": len(meaning.tasks),
            "reference": meaning.reference.categories,
            "bundle": meaning.bundle.categories,
            "passed_by_reference_only": meaning.passed_only()[0],
            "passed_by_bundle_only": meaning.passed_only()[1],
        },
        "not_judged": result.not_judged,
        "seconds": {stage: list(pair) for stage, pair in result.seconds.items()},
    }


def storable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
