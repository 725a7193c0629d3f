"""The result file of a workload, `docs/results/speed-WORKLOAD.json`, and its tables and plot."""

import statistics
from pathlib import Path
from typing import Any

import numpy as np

from runtime.parity import measures
from tests.benchmarks.contenders import BASE, CONTENDERS, DECODER, FLOOR, PICTURE, STEP, TASKS
from tests.benchmarks.results import provenance, source_line, write
from tests.benchmarks.rounds import Results
from tests.benchmarks.workloads import Workload

TITLES = {STEP: "One guided step", DECODER: "VQ decoder", PICTURE: "Whole picture"}
TARGETS = {BASE: 4, "onnxruntime int8": 2, "OpenVINO int8": 1}  # times as fast as each
OURS, PEER, GROUND = "#c8553d", "#7a8b99", "#e3e7ea"


def result_name(workload: Workload) -> str:
    return f"speed-{workload.name}"


def summarize(workload: Workload, results: Results) -> dict[str, Any]:
    """The result file's content: the medians of every contender at every task."""
    command = f"python -m tests.benchmarks --workload {workload.name}"
    tasks = {task: rows(workload, results, task) for task in TASKS}
    return {
        **provenance(command, results.machine["threads"]),
        "machine": results.machine,
        "workload": workload.name,
        "about": workload.note,
        "steps": workload.steps,
        "tasks": {task: found for task, found in tasks.items() if found},
        "failed": results.failed,
    }


def save(workload: Workload, results: Results) -> dict[str, Any]:
    """Write the result file and return its content."""
    content = summarize(workload, results)
    write(result_name(workload), content)
    return content


def rows(workload: Workload, results: Results, task: str) -> list[dict[str, Any]]:
    """One row for each measured contender: median seconds, spread of the turns, memory, answer, note."""
    found = []
    for name in CONTENDERS:
        turns = results.of(task, name)
        if not turns:
            continue
        medians = [statistics.median(turn["seconds"]) for turn in turns]
        found.append(
            {
                "contender": name,
                "seconds": statistics.median(medians),
                "least": min(medians),
                "most": max(medians),
                "turns": len(turns),
                "peak_mb": max(turn["peak_mb"] for turn in turns),
                "answer": answer(workload, task, name),
                "note": turns[-1]["note"],
            }
        )
    return found


def answer(workload: Workload, task: str, name: str) -> str:
    """How a contender's result compares with torch fp32's on the same inputs."""
    paths = [
        workload.folder / "answers" / f"{task}-{who.replace(' ', '-')}.npy" for who in ("torch fp32", name)
    ]
    if task == PICTURE or name == FLOOR or not all(path.exists() for path in paths):
        return ""
    expected, found = (np.load(path) for path in paths)
    if task == STEP:
        return f"{measures.agreement(expected, found):.1%}"
    psnr = measures.image_psnr(expected, found)
    return "equal" if psnr == float("inf") else f"{psnr:.1f} dB"


def tables(content: dict[str, Any]) -> str:
    """All tables of a result file, Markdown."""
    parts = [[source_line(content)]]
    parts += [table(content, task) for task in content["tasks"]]
    parts += [whole_pictures(content), sentences(content)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def median(content: dict[str, Any], task: str, contender: str) -> float | None:
    """Seconds; None for a contender that was not measured."""
    found = content["tasks"].get(task, [])
    return next((row["seconds"] for row in found if row["contender"] == contender), None)


def table(content: dict[str, Any], task: str) -> list[str]:
    base = median(content, task, BASE)
    compared = "same tokens" if task == STEP else "PSNR"
    lines = [
        f"| {TITLES[task]} | s | turns | times {BASE} | {compared} | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in content["tasks"][task]:
        name, note = row["contender"], f"; {row['note']}" if row["note"] else ""
        shown = f"**{name}**" if name.startswith("bundle ") else f"{name} ({CONTENDERS[name].about})"
        ratio = f"{base / row['seconds']:.2f}" if base else ""
        lines.append(
            f"| {shown}{note} | {row['seconds']:.3g} | {row['turns']} | {ratio} | {row['answer']}"
            f" | {row['peak_mb']:,.0f} |"
        )
    return lines


def sentences(content: dict[str, Any]) -> list[str]:
    """The int8 step beside its floor and its targets, then what failed."""
    said = []
    step, floor = median(content, STEP, "bundle int8"), median(content, STEP, FLOOR)
    if step and floor:
        said.append(f"- The int8 products alone take {floor:.3g} s, **{floor / step:.0%}** of the int8 step.")
    for other, target in TARGETS.items():
        theirs = median(content, STEP, other)
        if step and theirs:
            said.append(
                f"- The int8 step is **{theirs / step:.2f}** times as fast as {other} (target: {target})."
            )
    said += [f"- {name}: {why}." for name, why in content["failed"].items()]
    return said


def whole_pictures(content: dict[str, Any]) -> list[str]:
    """For a workload whose pictures take too long to measure: its steps and its decoder, added up."""
    if PICTURE in content["tasks"] or not median(content, STEP, BASE):
        return []
    totals: dict[str, float] = {}
    for name in CONTENDERS:
        step, decoder = median(content, STEP, name), median(content, DECODER, name)
        # A bundle whose decoder is the float one has no decoder turns of its own.
        if decoder is None and name.startswith("bundle "):
            decoder = median(content, DECODER, "bundle fp32")
        if step and decoder:
            totals[name] = content["steps"] * step + decoder
    if BASE not in totals:
        return []
    lines = [f"| {content['steps']} steps and the decoder, added up | s | times {BASE} |", "|---|---:|---:|"]
    return lines + [
        f"| {name} | {total:.0f} | {totals[BASE] / total:.2f} |" for name, total in totals.items()
    ]


def plot(content: dict[str, Any], path: Path) -> None:
    """Bars of seconds by task, shortest on top, this project's in colour."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    measured = content["tasks"]
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
        found, base = sorted(found, key=lambda row: -row["seconds"]), median(content, task, BASE)
        names = [row["contender"] for row in found]
        fills = [OURS if name.startswith("bundle ") else GROUND if name == FLOOR else PEER for name in names]
        edges = [PEER if fill == GROUND else fill for fill in fills]
        axis.barh(names, [row["seconds"] for row in found], color=fills, height=0.72, edgecolor=edges)
        longest = found[0]["seconds"]
        for place, row in enumerate(found):
            ratio = f"   {base / row['seconds']:.2f}x" if base else ""
            label = f"{row['seconds']:.3g} s{ratio}"
            axis.text(row["seconds"] + longest * 0.01, place, label, va="center", fontsize=8)
        axis.set_title(TITLES[task], loc="left", fontsize=11, fontweight="bold")
        axis.set_xlim(0, longest * 1.18)
        axis.tick_params(length=0, labelsize=8.5)
        axis.xaxis.grid(True, color=GROUND)
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes[-1, 0].set_xlabel(f"median seconds and ratio to {BASE}; shorter is better", fontsize=8.5)
    machine = content["machine"]
    title = (
        f"{content['about']}\n{machine['cpu']} ({', '.join(machine['flags'])}), {machine['threads']} threads"
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, color="#444444")
    part = path.with_suffix(".part.png")
    figure.savefig(part, dpi=160)
    plt.close(figure)
    part.replace(path)
