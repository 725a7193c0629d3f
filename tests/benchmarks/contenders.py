"""Who is measured: name, tasks, the files it prepares once, how it is opened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.errors import UserError
from tests.benchmarks.workloads import Workload, examples

STEP, DECODER, PICTURE = "step", "decoder", "picture"
TASKS = (STEP, DECODER, PICTURE)
BASE = "onnxruntime fp32"  # of all ratios


@dataclass(frozen=True)
class Opened:
    """Ready to run. `answer` turns a result into what is compared: drawn tokens i32 [H*W] or an image."""

    run: Callable[[], np.ndarray]
    answer: Callable[[np.ndarray], np.ndarray] = lambda result: result
    note: str = ""


@dataclass(frozen=True)
class Contender:
    """One way to run the model. `files` are made once a workload, before any turn."""

    name: str
    about: str
    tasks: tuple[str, ...]
    files: str  # name in the workload's folder; "" if nothing is prepared
    prepare: Callable[[Workload, Path], None]
    open: Callable[[Workload, str, Path, int], Opened]  # workload, task, files, threads
    needs: str = ""  # files of another contender, needed to prepare


def bundle(precision: str) -> Contender:
    def prepare(workload: Workload, folder: Path) -> None:
        from tests.benchmarks.ours import write_bundle

        write_bundle(workload.checkpoint, (workload.side, workload.side), precision, folder)

    def open_it(workload: Workload, task: str, folder: Path, threads: int) -> Opened:
        from tests.benchmarks.bundles import open_bundle

        return Opened(open_bundle(workload, folder, task, threads))

    return Contender(f"bundle {precision}", "this project", TASKS, f"bundle-{precision}", prepare, open_it)


def plain(
    name: str,
    about: str,
    files: str,
    prepare: Callable[[Workload, Path], None],
    runner: Callable[[Workload, str, Path, int], tuple[Callable[..., np.ndarray], str]],
    tasks: tuple[str, ...] = TASKS,
    needs: str = "",
) -> Contender:
    """A peer that runs the plain modules. `runner` returns a function of a module's inputs, and a note."""

    def open_it(workload: Workload, task: str, path: Path, threads: int) -> Opened:
        if task == PICTURE:
            from tests.benchmarks.plain import Drawer

            logits, note = runner(workload, STEP, path, threads)
            decode, _ = runner(workload, DECODER, path, threads)
            return Opened(Drawer(workload, logits, decode), image, note)
        run, note = runner(workload, task, path, threads)
        arguments = examples(workload)[task]
        answer = image if task == DECODER else lambda logits: tokens_of(logits, workload)
        return Opened(lambda: run(*arguments), answer, note)

    return Contender(name, about, tasks, files, prepare, open_it, needs)


def tokens_of(logits: np.ndarray, workload: Workload) -> np.ndarray:
    from tests.benchmarks.plain import drawn  # torch comes in only now, when memory has been measured

    return drawn(logits, workload)


def image(result: np.ndarray) -> np.ndarray:
    """u8 [1, 3, h, w] -> [h, w, 3]."""
    return result[0].transpose(1, 2, 0)


def nothing(workload: Workload, path: Path) -> None:
    pass


def export_plain(workload: Workload, folder: Path) -> None:
    from tests.benchmarks.plain import export

    export(workload, folder)


def dynamic_int8(workload: Workload, folder: Path) -> None:
    from tests.benchmarks.peers import quantize_dynamic

    folder.mkdir()
    for task in (STEP, DECODER):
        quantize_dynamic(workload.folder / "plain" / f"{task}.onnx", folder / f"{task}.onnx")


def static_int8(workload: Workload, folder: Path) -> None:
    """Calibrated on the measured inputs, which can only help the peer.

    A decoder that does not fit the machine's memory is replaced by a file with the reason.
    """
    from tests.benchmarks.peers import nncf_static

    folder.mkdir()
    for task, example in examples(workload).items():
        source, target = workload.folder / "plain" / f"{task}.onnx", folder / f"{task}.xml"
        try:
            nncf_static(source, target, [example], transformer=task == STEP)
        except RuntimeError as error:
            if "allocate" not in str(error):
                raise
            why = str(error).strip().splitlines()[-1]
            target.with_suffix(".failed").write_text(f"not prepared: {why}", encoding="utf-8")


def executorch(workload: Workload, folder: Path) -> None:
    from tests.benchmarks.peers import executorch_program

    folder.mkdir()
    executorch_program(workload, STEP, folder / f"{STEP}.pte")


def run_onnx(
    workload: Workload, task: str, folder: Path, threads: int
) -> tuple[Callable[..., np.ndarray], str]:
    from tests.benchmarks.peers import onnx_file

    return onnx_file(folder / f"{task}.onnx", threads), ""


def run_torch(variant: str) -> Callable[..., tuple[Callable[..., np.ndarray], str]]:
    def runner(
        workload: Workload, task: str, path: Path, threads: int
    ) -> tuple[Callable[..., np.ndarray], str]:
        from tests.benchmarks.peers import torch_module

        return torch_module(workload, task, variant, threads), ""

    return runner


def run_openvino(ending: str, precision: str) -> Callable[..., tuple[Callable[..., np.ndarray], str]]:
    def runner(
        workload: Workload, task: str, folder: Path, threads: int
    ) -> tuple[Callable[..., np.ndarray], str]:
        from tests.benchmarks.peers import openvino_model

        if (failed := folder / f"{task}.failed").exists():
            raise UserError(failed.read_text(encoding="utf-8"))
        return openvino_model(folder / f"{task}{ending}", precision, threads)

    return runner


def run_executorch(
    workload: Workload, task: str, folder: Path, threads: int
) -> tuple[Callable[..., np.ndarray], str]:
    from tests.benchmarks.peers import executorch_model

    return executorch_model(folder / f"{task}.pte"), ""


def write_floor(workload: Workload, folder: Path) -> None:
    from tests.benchmarks.ours import write_floor as write

    folder.mkdir()
    write(workload.folder / "bundle-int8", folder / "products.onnx")


def open_floor(workload: Workload, task: str, folder: Path, threads: int) -> Opened:
    from tests.benchmarks.bundles import open_floor as open_it

    run, note = open_it(folder / "products.onnx", threads)
    return Opened(run, lambda result: np.empty(0), note)


FLOOR = "int8 products alone"
CONTENDERS = {
    contender.name: contender
    for contender in (
        bundle("fp32"),
        bundle("int8"),
        bundle("int4"),
        plain(BASE, "plain export", "plain", export_plain, run_onnx),
        plain(
            "onnxruntime int8",
            "plain export, quantize_dynamic",
            "plain-int8",
            dynamic_int8,
            run_onnx,
            needs="plain",
        ),
        plain("torch fp32", "eager", "", nothing, run_torch("fp32")),
        plain("torch bf16", "eager", "", nothing, run_torch("bf16")),
        plain("torch.compile fp32", "inductor", "", nothing, run_torch("compiled")),
        plain("OpenVINO fp32", "plain export", "plain", export_plain, run_openvino(".onnx", "f32")),
        plain("OpenVINO bf16", "plain export", "plain", export_plain, run_openvino(".onnx", "bf16")),
        plain(
            "OpenVINO int8",
            "plain export, NNCF static",
            "nncf",
            static_int8,
            run_openvino(".xml", "f32"),
            needs="plain",
        ),
        plain(
            "ExecuTorch int8",
            "XNNPACK, 8-bit dynamic",
            "executorch",
            executorch,
            run_executorch,
            tasks=(STEP,),
        ),
        Contender(
            FLOOR,
            "the step's, same shapes and count",
            (STEP,),
            "floor",
            write_floor,
            open_floor,
            "bundle-int8",
        ),
    )
}


def same_as(contender: Contender, workload: Workload, task: str) -> str:
    """The contender with the same graph for a task, "" if none: a decoder that stayed float is fp32's."""
    if not contender.name.startswith("bundle ") or task != DECODER or contender.name == "bundle fp32":
        return ""
    from runtime.bundle import open_bundle

    manifest = open_bundle(workload.folder / contender.files).manifest
    return "bundle fp32" if manifest.graphs["image_decoder"].precision == "fp32" else ""
