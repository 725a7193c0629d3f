"""Tables and plot of docs/results/pareto.json."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from quantize.errors import QuantizationError
from reference.files import atomic_file
from runtime.parity.prompt_following import change, share, standard_error
from tests.benchmarks.markdown import table
from tests.benchmarks.results import source_line

FIGURES, PLOT = Path("docs/results/pareto.json"), Path("docs/pareto.png")
HEAD = [
    "form",
    "bundle, MB",
    "MB that decide tokens",
    "KL, nats",
    "same tokens, %",
    "score, %",
    "against fp32, points",
]
LISTED = 10
LEAST = 1e-5  # nats; smaller ones are named beside the plot
NOT_JUDGED = ""
COLOURS = {"int8": "#3d6fc8", "int4": "#c8553d"}  # of single weights


@dataclass(frozen=True)
class Style:
    """How the plot shows a group of forms."""

    label: str
    marker: str
    colour: str
    line: str = "none"
    named: bool = True

    def full(self, name: str) -> str:
        return name if self.label.startswith("ONNX") else f"{self.label} {name}"


STYLES = (
    Style("ONNX", "o", "#444c55"),
    Style("ONNX, mixed", "D", "#2f8f5b", line="-", named=False),
    Style("Core ML", "s", "#8a4fbe"),
)


def write_plot() -> None:
    """Draw the plot. Raises QuantizationError if a run did not finish its figures, OSError."""
    content = json.loads(FIGURES.read_bytes())
    if missing := sorted({"times", "coreml"} - content.keys()):
        raise QuantizationError(f"{FIGURES} lacks {' and '.join(missing)}: run without --only to continue")
    with atomic_file(PLOT) as file:
        plot(content, file)


def forms_table(content: dict[str, Any]) -> str:
    """ONNX bundles: uniform and mixed forms, with step times."""
    whole = {name: form for name, form in content["forms"].items() if not name.startswith("only ")}
    rows = [[*cells(name, form, content), relative(name, whole)] for name, form in whole.items()]
    lines = [source_line(content)]
    if content["times"]["date"] != content["date"]:
        lines = [f"Accuracy: {lines[0]}", "", f"Step times: {source_line(content['times'])}"]
    return "\n".join([table([*HEAD, "step time"], rows), "", *lines])


def coreml_table(content: dict[str, Any]) -> str:
    """Core ML's forms, with the bytes that a guided step moves."""
    forms = content["coreml"]["forms"]
    rows = [[*cells(name, form, content), f"{form['moved'] / 1e6:.1f}"] for name, form in forms.items()]
    return f"{table([*HEAD, 'a step moves, MB'], rows)}\n\n{source_line(content['coreml'])}"


def layers_table(content: dict[str, Any]) -> str:
    """Single layers, each alone in its coarsest form."""
    layers = {name: form for name, form in content["forms"].items() if name.startswith("only ")}
    rows = [
        [name.removeprefix("only "), f"{kl(form):.2g}", same(form), scored(form), changed(content, form)]
        for name, form in layers.items()
    ]
    return table(["layer", "KL, nats", *HEAD[4:]], rows)


def weights_table(content: dict[str, Any]) -> str:
    """The weights that suffer most, each alone in each precision."""
    harm = sorted(content["weights"], key=lambda one: -max(one["int8"], one.get("int4", 0)))
    rows = [
        [
            f"{one['graph']} {one['weight']}",
            *(f"{one[form]:.2g}" if form in one else "" for form in ("fp16", "int8", "int4")),
        ]
        for one in harm[:LISTED]
    ]
    return table(["weight", *(f"KL in {form}, nats" for form in ("fp16", "int8", "int4"))], rows)


def cells(name: str, form: dict[str, Any], content: dict[str, Any]) -> list[str]:
    """One form of a whole bundle, under HEAD."""
    sizes = (f"{form[part] / 1e6:.1f}" for part in ("bytes", "deciding"))
    return [name, *sizes, f"{kl(form):.2g}", same(form), scored(form), changed(content, form)]


def relative(name: str, forms: dict[str, dict[str, Any]]) -> str:
    """Step time as a multiple of fp32's, because a busy machine changes both alike."""
    return f"{forms[name]['milliseconds'] / forms['fp32']['milliseconds']:.2f}"


def same(form: dict[str, Any]) -> str:
    return f"{100 * form['same'] / form['positions']:.1f}"


def kl(form: dict[str, Any]) -> float:
    return form["nats"] / form["positions"]


def scored(form: dict[str, Any]) -> str:
    return f"{100 * share(form['verdicts']):.1f}" if form["verdicts"] else NOT_JUDGED


def changed(content: dict[str, Any], form: dict[str, Any]) -> str:
    """Points of score gained over fp32 on the same prompts, with the standard error of the difference."""
    teacher = content["forms"]["fp32"]["verdicts"]
    if not teacher or not form["verdicts"]:
        return NOT_JUDGED
    gained, error = change(teacher, form["verdicts"])
    return f"{100 * gained:+.1f} ± {100 * error:.1f}"


def plot(content: dict[str, Any], file: Path | IO[bytes]) -> None:
    """Size against KL, size against score, and the damage of every weight."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(11, 8.4), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.05))
    across = grid[0, 0] if content["prompts"] else grid[0, :]
    whole = {name: form for name, form in content["forms"].items() if not name.startswith("only ")}
    groups = [*split(whole), content["coreml"]["forms"]]
    draw_sizes(figure.add_subplot(across), groups)
    if content["prompts"]:
        draw_scores(figure.add_subplot(grid[0, 1]), groups, content["prompts"])
    draw_weights(figure.add_subplot(grid[1, :]), content["weights"])
    figure.savefig(file, format="png", dpi=100)
    plt.close(figure)


def draw_sizes(axes: Any, groups: list[dict[str, dict[str, Any]]]) -> None:
    for forms, style in zip(groups, STYLES, strict=True):
        shown = {name: form for name, form in forms.items() if kl(form) > LEAST}
        xs = [form["deciding"] / 1e6 for form in shown.values()]
        ys = [kl(form) for form in shown.values()]
        axes.plot(xs, ys, linestyle=style.line, marker=style.marker, color=style.colour, label=style.label)
        if style.named:
            for name, x, y in zip(shown, xs, ys, strict=True):
                annotate(axes, name, x, y, style)
    axes.set_yscale("log")
    free = [
        style.full(name)
        for forms, style in zip(groups, STYLES, strict=True)
        for name, form in forms.items()
        if kl(form) <= LEAST
    ]
    axes.text(0.99, 0.93, f"{', '.join(free)}: no measurable damage", transform=axes.transAxes, ha="right")
    axes.set(title="Damage to the guided distributions", ylabel="KL to fp32, nats a position")
    axes.set_xlabel("graphs that decide tokens, MB")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)


def draw_scores(axes: Any, groups: list[dict[str, dict[str, Any]]], prompts: int) -> None:
    for forms, style in zip(groups, STYLES, strict=True):
        shown = {name: form for name, form in forms.items() if form["verdicts"]}
        xs = [form["deciding"] / 1e6 for form in shown.values()]
        ys = [100 * share(form["verdicts"]) for form in shown.values()]
        errors = [100 * standard_error(form["verdicts"]) for form in shown.values()]
        axes.errorbar(
            xs, ys, errors, fmt=style.marker, color=style.colour, capsize=3, elinewidth=0.8, label=style.label
        )
        if style.named:
            for name, x, y in zip(shown, xs, ys, strict=True):
                annotate(axes, name, x, y, style)
    axes.set(title="Prompt-following score", ylabel=f"score, %, ± standard error of {prompts} prompts")
    axes.set_xlabel("graphs that decide tokens, MB")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, loc="lower right")


def annotate(axes: Any, name: str, x: float, y: float, style: Style) -> None:
    axes.annotate(name, (x, y), (6, 6), textcoords="offset points", color=style.colour, fontsize=7.5)


def draw_weights(axes: Any, weights: list[dict[str, Any]]) -> None:
    for precision, marker in (("int8", "o"), ("int4", "s")):
        found = [(index, one[precision]) for index, one in enumerate(weights) if precision in one]
        xs, ys = zip(*found, strict=True)
        axes.plot(
            xs, ys, marker=marker, linestyle="", markersize=4.5, color=COLOURS[precision], label=precision
        )
    start = 0
    for graph in dict.fromkeys(one["graph"] for one in weights):
        count = sum(one["graph"] == graph for one in weights)
        if start:
            axes.axvline(start - 0.5, color="#bbbbbb", linewidth=0.8)
        axes.text(start - 0.3, 1.0, graph, transform=axes.get_xaxis_transform(), va="top", color="#666666")
        start += count
    names = [one["weight"].removesuffix(".weight") for one in weights]
    axes.set_xticks(range(len(weights)), names, rotation=90, fontsize=6.5)
    axes.set_xlim(-0.7, len(weights) - 0.3)
    axes.set_yscale("log")
    axes.set(title="Damage of each weight, alone in int8 or int4", ylabel="KL to fp32, nats a position")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, loc="lower right")


def split(forms: dict[str, dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Uniform forms, and mixed ones in the order of their sizes."""
    uniform = {name: form for name, form in forms.items() if not name.startswith("mixed")}
    mixed = sorted(
        ((name, form) for name, form in forms.items() if name.startswith("mixed")),
        key=lambda item: item[1]["deciding"],
    )
    return uniform, dict(mixed)
