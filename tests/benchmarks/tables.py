"""Every generated table, by the name that README and docs give it."""

from collections.abc import Callable
from functools import partial

from tests.benchmarks import (
    bundle_sizes,
    coreai_report,
    guidance,
    jvm,
    npu,
    npu_blocks,
    parallel,
    pareto_report,
    precisions,
    profile,
    real_size,
    simulated,
    sizes,
    speed,
    stickers,
    student,
)
from tests.benchmarks.markdown import table
from tests.benchmarks.results import FOLDER, read, source_line

PARETO = {
    "pareto": pareto_report.forms_table,
    "pareto-coreml": pareto_report.coreml_table,
    "pareto-layers": pareto_report.layers_table,
    "pareto-weights": pareto_report.weights_table,
}


def speeds(name: str) -> str:
    return speed.tables(read(name))


def rounding() -> str:
    """Ways of rounding to 4 bits."""
    content = read("rounding")
    rows = [
        [
            row["rounding"],
            str(row["block"]),
            f"{row['megabytes']:.2f}",
            f"{row['kl']:.4f}",
            f"{row['same_percent']:.1f}",
        ]
        for row in content["rows"]
    ]
    return (
        f"{table(['rounding', 'block', 'MB', 'KL, nats', 'same tokens, %'], rows)}\n\n{source_line(content)}"
    )


def every_table() -> dict[str, Callable[[], str]]:
    """Tables of fixed names, and one for each workload, profile and simulation that has a result file."""
    found: dict[str, Callable[[], str]] = {
        "precisions": precisions.markdown,
        "sizes": sizes.markdown,
        "bundle-sizes": bundle_sizes.markdown,
        "guidance": guidance.markdown,
        "jvm": jvm.markdown,
        "parallel": parallel.markdown,
        "rounding": rounding,
        **{name: partial(stickers.markdown, name) for name in stickers.CHECKPOINTS},
        "student": student.markdown,
        "npu-forms": partial(npu.form_table, "taken"),
        "npu-rejected": partial(npu.form_table, "rejected"),
        "npu-tensors": npu.tensor_table,
        "npu-blocks": npu_blocks.markdown,
        "coreai-beside": coreai_report.beside_table,
        "coreai-bundles": coreai_report.bundle_table,
        "coreai-rounding": coreai_report.rounding_table,
        "coreai-step": coreai_report.step_table,
        "coreai-blocks": coreai_report.block_table,
        "real-size": real_size.summary,
        "real-size-files": partial(real_size.graphs, "megabytes", ",.0f"),
        "real-size-peaks": partial(real_size.graphs, "peak_gb", ".2f"),
    }
    for name, made in PARETO.items():
        found[name] = partial(lambda made: made(read("pareto")), made)
    for file in FOLDER.glob("*.json"):
        for prefix, made in (
            ("speed-", speeds),
            ("profile-", profile.markdown),
            ("simulated-", simulated.markdown),
        ):
            if file.stem.startswith(prefix):
                found[file.stem] = partial(made, file.stem)
    return found
