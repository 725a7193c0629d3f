"""Tables, plot and document from `results.json` alone: no figure is typed by hand."""

import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from reference.errors import UserError
from runtime.parity import measures
from tests.benchmarks.contenders import BASE, CONTENDERS, DECODER, FLOOR, PICTURE, STEP, TASKS
from tests.benchmarks.layouts import LAYOUTS, ROOT, Layout
from tests.benchmarks.profile import stored_tables
from tests.benchmarks.rounds import Results

DOCUMENT = Path("docs/benchmarks.md")
TITLES = {STEP: "One step (guided)", DECODER: "VQ decoder", PICTURE: "Whole picture"}
OURS, PEER, GROUND = "#c8553d", "#7a8b99", "#e3e7ea"


def rows(layout: Layout, results: Results, task: str) -> list[dict[str, Any]]:
    """Of every contender measured at a task: seconds (median), spread, turns, ratio, memory, answer, note."""
    base = results.median(task, BASE)
    found = []
    for name in CONTENDERS:
        turns = results.of(task, name)
        if not turns:
            continue
        medians = [statistics.median(turn["seconds"]) for turn in turns]
        seconds = statistics.median(medians)
        found.append(
            {
                "contender": name,
                "about": CONTENDERS[name].about,
                "seconds": seconds,
                "least": min(medians),
                "most": max(medians),
                "turns": len(turns),
                "ratio": base / seconds if base else None,
                "peak_mb": max(turn["peak_mb"] for turn in turns),
                "answer": answer(layout, task, name),
                "note": turns[-1]["note"],
            }
        )
    return found


def answer(layout: Layout, task: str, name: str) -> str:
    """How a contender's result compares with torch fp32's on the same inputs."""
    paths = [
        layout.folder / "answers" / f"{task}-{who.replace(' ', '-')}.npy" for who in ("torch fp32", name)
    ]
    if task == PICTURE or name == FLOOR or not all(path.exists() for path in paths):
        return ""
    expected, found = (np.load(path) for path in paths)
    if task == STEP:
        return f"{measures.agreement(expected, found):.1%}"
    psnr = measures.image_psnr(expected, found)
    return "equal" if psnr == float("inf") else f"{psnr:.1f} dB"


def table(layout: Layout, results: Results, task: str) -> list[str]:
    """Markdown lines; without any for a task that nobody was measured at."""
    measured = rows(layout, results, task)
    if not measured:
        return []
    compared = "same tokens" if task == STEP else "PSNR"
    lines = [
        f"| {TITLES[task].lower()} | s | least - most | turns | times {BASE} | {compared} | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in measured:
        ours = row["contender"].startswith("bundle ")
        name = f"**{row['contender']}**" if ours else f"{row['contender']} ({row['about']})"
        note = f"; {row['note']}" if row["note"] else ""
        ratio = f"{row['ratio']:.2f}x" if row["ratio"] else ""
        lines.append(
            f"| {name}{note} | {row['seconds']:.3g} | {row['least']:.3g} - {row['most']:.3g} | {row['turns']}"
            f" | {ratio} | {row['answer']} | {row['peak_mb']:,.0f} |"
        )
    return lines


def sentences(layout: Layout, results: Results) -> list[str]:
    """What the issue asks to be said in a line: the floor's share and the ratios to beat; then failures."""
    said = []
    step, floor = results.median(STEP, "bundle int8"), results.median(STEP, FLOOR)
    if step and floor:
        said.append(f"- The int8 products alone are {floor:.3g} s, **{floor / step:.0%}** of the int8 step.")
    for other, wished in ((BASE, "4"), ("onnxruntime int8", "2"), ("OpenVINO int8", "1")):
        theirs = results.median(STEP, other)
        if step and theirs:
            said.append(f"- int8 step against {other}: **{theirs / step:.2f}x** (wished for: {wished}x).")
    said += [f"- {name}: {why}." for name, why in results.failed.items()]
    return said


def whole_pictures(layout: Layout, results: Results) -> list[str]:
    """Of a layout whose pictures are too long to measure: steps times the step and the decoder."""
    if results.of(PICTURE, BASE) or not results.median(STEP, BASE):
        return []
    lines = [
        f"| {layout.steps} steps and the decoder, added up, without the text | s | times {BASE} |",
        "|---|---:|---:|",
    ]
    totals: dict[str, float] = {}
    for name in CONTENDERS:
        step = results.median(STEP, name)
        # A bundle whose decoder is the float one has no decoder turns of its own.
        decoder = results.median(DECODER, name)
        if decoder is None and name.startswith("bundle "):
            decoder = results.median(DECODER, "bundle fp32")
        if step and decoder:
            totals[name] = layout.steps * step + decoder
    lines += [
        f"| {name} | {total:.0f} | {totals[BASE] / total:.2f}x |"
        for name, total in totals.items()
        if BASE in totals
    ]
    return lines if totals else []


def machine_line(machine: dict[str, Any]) -> str:
    threads = f"{machine['threads']} threads of {machine['cores']} cores, {machine['memory_gb']} GB"
    has, lacks, versions = (", ".join(machine[name]) for name in ("flags", "absent", "versions"))
    flags = f"has {has or 'no flag that matters'}, lacks {lacks or 'none'}"
    return f"{machine['cpu']}, {threads}; {flags}. {versions}."


def layout_report(layout: Layout) -> str:
    """Markdown of one layout. Raises UserError if nothing was measured."""
    path = layout.folder / "results.json"
    if not path.exists():
        raise UserError(f"{path} is missing: run `python -m tests.benchmarks --layout {layout.name}` first")
    results = Results.read(path)
    parts = [[f"### {layout.name}: {layout.note}"], [machine_line(results.machine)]]
    parts += [table(layout, results, task) for task in TASKS]
    parts += [whole_pictures(layout, results), sentences(layout, results), stored_tables(layout)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def write_document(path: Path = DOCUMENT) -> list[str]:
    """Fills the marked places of the document: `<!-- NAME -->` ... `<!-- /NAME -->`.

    Returns the names filled. Raises UserError for a document without marks.
    """
    from tests.benchmarks import parallel, sizes

    text = path.read_text(encoding="utf-8")
    contents = {
        name: layout_report(layout)
        for name, layout in LAYOUTS.items()
        if (layout.folder / "results.json").exists()
    }
    for name, markdown in (("sizes", sizes.markdown), ("parallel", parallel.markdown)):
        found = ROOT / f"{name}.json"
        if found.exists():
            contents[name] = markdown(json.loads(found.read_text(encoding="utf-8")))
    filled = []
    for name, content in contents.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if begin in text and end in text:
            head, _, rest = text.partition(begin)
            _, _, tail = rest.partition(end)
            text = f"{head}{begin}\n{content}\n{end}{tail}"
            filled.append(name)
    if not filled:
        raise UserError(
            f"{path} has no place for any of {', '.join(contents) or 'the results, as there are none'}"
        )
    part = path.with_suffix(".tmp")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return filled


def plot(layout: Layout) -> Path:
    """Bars of seconds by task, shortest on top, this project's in colour; written beside the JSON."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    results = Results.read(layout.folder / "results.json")
    measured = {task: found for task in TASKS if (found := rows(layout, results, task))}
    heights = [len(found) for found in measured.values()]
    figure, axes = plt.subplots(
        len(measured),
        1,
        figsize=(9, 1.1 * len(measured) + 0.34 * sum(heights)),
        gridspec_kw={"height_ratios": heights},
        squeeze=False,
        layout="constrained",
    )
    for axis, (task, found) in zip(axes[:, 0], measured.items(), strict=True):
        found = sorted(found, key=lambda row: row["seconds"], reverse=True)
        names = [row["contender"] for row in found]
        seconds = [row["seconds"] for row in found]
        colours = [
            OURS if name.startswith("bundle ") else GROUND if name == FLOOR else PEER for name in names
        ]
        axis.barh(
            names,
            seconds,
            color=colours,
            height=0.72,
            edgecolor=[PEER if c == GROUND else c for c in colours],
        )
        longest = max(seconds)
        for place, row in enumerate(found):
            ratio = f"   {row['ratio']:.2f}x" if row["ratio"] else ""
            axis.text(
                row["seconds"] + longest * 0.01,
                place,
                f"{row['seconds']:.3g} s{ratio}",
                va="center",
                fontsize=8,
            )
        axis.set_title(TITLES[task], loc="left", fontsize=11, fontweight="bold")
        axis.set_xlim(0, longest * 1.18)
        axis.tick_params(length=0, labelsize=8.5)
        axis.xaxis.grid(True, color=GROUND)
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes[-1, 0].set_xlabel(f"seconds, median; times {BASE} behind; shorter is better", fontsize=8.5)
    flags = ", ".join(results.machine["flags"])
    figure.suptitle(
        f"{layout.note}\n{results.machine['cpu']} ({flags}), {results.machine['threads']} threads",
        x=0.01,
        ha="left",
        fontsize=9.5,
        color="#444444",
    )
    path = layout.folder / "benchmark.png"
    part = path.with_suffix(".part.png")
    figure.savefig(part, dpi=160)
    plt.close(figure)
    part.replace(path)
    return path
