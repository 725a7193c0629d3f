"""Table and plot of docs/pareto.json: no figure is typed by hand."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantize.errors import QuantizationError
from quantize.sensitivity_study import replace
from runtime.parity.prompt_following import change, share, standard_error

FIGURES, TABLE, PLOT = Path("docs/pareto.json"), Path("docs/quantization.md"), Path("docs/pareto.png")
BEGIN, END = "<!-- pareto: begin -->", "<!-- pareto: end -->"
LISTED = 10
LEAST = 1e-5  # nats that are worth a place in the plot
NOT_JUDGED = "not judged"
COLOURS = {"int8": "#3d6fc8", "int4": "#c8553d"}  # of single weights


@dataclass(frozen=True)
class Style:
    """Of a group of forms in the plot."""

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


def write_report() -> None:
    """Raises QuantizationError for figures that a run did not finish, OSError."""
    content = json.loads(FIGURES.read_bytes())
    if missing := sorted({"machine", "coreml"} - content.keys()):
        raise QuantizationError(f"{FIGURES} lacks {' and '.join(missing)}: run without --only to go on")
    text = TABLE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    made = f"{before}{BEGIN}\n{tables(content)}\n{END}{after}"
    replace(TABLE, lambda part: part.write_text(made, encoding="utf-8"))
    replace(PLOT, lambda part: plot(content, part))


def tables(content: dict[str, Any]) -> str:
    """Markdown."""
    forms, machine = content["forms"], content["machine"]
    whole = {name: form for name, form in forms.items() if not name.startswith("only ")}
    layers = {name.removeprefix("only "): form for name, form in forms.items() if name.startswith("only ")}
    teacher = forms["fp32"]["verdicts"]
    lines = [
        f"Checkpoint {content['source']}; {forms['fp32']['positions']} positions of {content['steps']} steps;"
        f" {content['prompts']} prompts judged; step times on {machine['cpu']} ({machine['int8']}),"
        f" threads: {machine['threads']}, onnxruntime {machine['onnxruntime']}; Core ML executed by the"
        f" evaluator, torch {content['coreml']['torch']}. Command: `{content['command']}`.",
        "",
        "| form | bundle | deciding tokens | KL, nats | same token | score | against fp32 | step |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, form in whole.items():
        lines.append(row(name, form, teacher, f"{form['milliseconds']:.1f} ms"))
    for name, form in content["coreml"]["forms"].items():
        lines.append(row(f"Core ML {name}", form, teacher, f"moves {form['moved'] / 1e6:.1f} MB"))
    lines += [
        "",
        "| layer alone in its coarsest form | KL, nats | same token | score | against fp32 |",
        "|---|---|---|---|---|",
    ]
    for name, form in layers.items():
        lines.append(
            f"| {name} | {kl(form):.2g} | {form['same'] / form['positions']:.1%} | {scored(form)} |"
            f" {changed(teacher, form)} |"
        )
    lines += ["", "| weight alone, KL in nats | fp16 | int8 | int4 |", "|---|---|---|---|"]
    harm = sorted(content["weights"], key=lambda one: -max(one["int8"], one.get("int4", 0)))
    for one in harm[:LISTED]:
        kls = (f"{one[precision]:.2g}" if precision in one else "-" for precision in ("fp16", "int8", "int4"))
        lines.append(f"| {one['graph']} {one['weight']} | {' | '.join(kls)} |")
    return "\n".join(lines)


def row(name: str, form: dict[str, Any], teacher: str, step: str) -> str:
    """One form of a whole bundle."""
    return (
        f"| {name} | {form['bytes'] / 1e6:.1f} MB | {form['deciding'] / 1e6:.1f} MB | {kl(form):.2g} |"
        f" {form['same'] / form['positions']:.1%} | {scored(form)} | {changed(teacher, form)} | {step} |"
    )


def kl(form: dict[str, Any]) -> float:
    return form["nats"] / form["positions"]


def scored(form: dict[str, Any]) -> str:
    if not form["verdicts"]:
        return NOT_JUDGED
    return f"{share(form['verdicts']):.1%} ± {standard_error(form['verdicts']):.1%}"


def changed(teacher: str, form: dict[str, Any]) -> str:
    if not teacher or not form["verdicts"]:
        return NOT_JUDGED
    gained, error = change(teacher, form["verdicts"])
    return f"{100 * gained:+.1f} ± {100 * error:.1f} points"


def plot(content: dict[str, Any], path: Path) -> None:
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
    figure.savefig(path, dpi=100)
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
    axes.text(0.99, 0.93, f"{', '.join(free)}: no damage to speak of", transform=axes.transAxes, ha="right")
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
