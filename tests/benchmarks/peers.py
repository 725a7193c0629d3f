"""Engines that run the plain modules or their plain export: each opens one as a function of numpy arrays."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from runtime.onnxruntime_engine import session_options
from tests.benchmarks.workloads import Workload, examples

Run = Callable[..., np.ndarray]


def onnx_file(path: Path, threads: int) -> Run:
    """A plain export in onnxruntime, with the session options of a bundle's graphs."""
    session = ort.InferenceSession(path, session_options(threads), providers=["CPUExecutionProvider"])
    names = [argument.name for argument in session.get_inputs()]
    return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))[0]


def quantize_dynamic(source: Path, target: Path) -> None:
    """onnxruntime's dynamic int8 of a plain export, per channel, otherwise with its defaults."""
    import onnx
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization import quantize_dynamic as stock

    model = onnx.load(source)
    del model.graph.value_info[:]  # its shape inference contradicts those the exporter wrote
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        bare = Path(folder) / source.name
        onnx.save(model, bare, save_as_external_data=True, location=f"{source.name}.data")
        del model
        stock(bare, target, per_channel=True, weight_type=QuantType.QInt8, use_external_data_format=True)


def torch_module(workload: Workload, item: str, variant: str, threads: int) -> Run:
    """The reference in torch: "fp32" or "bf16" eager, or "compiled" (fp32, inductor)."""
    import torch

    from tests.benchmarks.plain import modules

    torch.set_num_threads(threads)
    module = modules(workload)[item]
    if variant == "bf16":
        module = module.bfloat16()
    run: Any = torch.compile(module) if variant == "compiled" else module

    def call(*arrays: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return run(*(torch.from_numpy(array) for array in arrays)).numpy()

    if variant == "compiled":
        call(*examples(workload)[item])  # the first run compiles, which counts as loading
    return call


def openvino_model(path: Path, precision: str, threads: int) -> tuple[Run, str]:
    """A plain export on OpenVINO's CPU, `precision` "f32" or "bf16"; the note names its compute precision."""
    import openvino as ov

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
    }
    compiled = ov.Core().compile_model(path, "CPU", settings)
    request = compiled.create_infer_request()
    given = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return lambda *arrays: request.infer(list(arrays))[0].copy(), f"computes in {given}"


def nncf_static(source: Path, target: Path, samples: list[tuple[np.ndarray, ...]], transformer: bool) -> None:
    """NNCF's static int8 of a plain export, calibrated on `samples`, as an OpenVINO model."""
    import nncf
    import openvino as ov

    model = ov.Core().read_model(source)
    names = [port.get_any_name() for port in model.inputs]
    data = nncf.Dataset([dict(zip(names, sample, strict=True)) for sample in samples])
    kind = nncf.ModelType.TRANSFORMER if transformer else None
    ov.save_model(
        nncf.quantize(model, data, model_type=kind, subset_size=len(samples)), target, compress_to_fp16=False
    )


def executorch_program(workload: Workload, item: str, target: Path) -> None:
    """ExecuTorch's program of a plain module: linears 8-bit dynamic in XNNPACK, the rest portable kernels."""
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from executorch.exir import to_edge_transform_and_lower
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    from tests.benchmarks.plain import modules

    arguments = tuple(torch.from_numpy(array) for array in examples(workload)[item])
    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True)
    with torch.no_grad():
        graph = torch.export.export(modules(workload)[item], arguments).module()
        prepared = prepare_pt2e(graph, XNNPACKQuantizer().set_global(config))
        prepared(*arguments)
        program = torch.export.export(convert_pt2e(prepared), arguments)
    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
    with target.open("wb") as file:
        lowered.to_executorch().write_to_file(file)


def executorch_model(path: Path) -> Run:
    import torch
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(path).load_method("forward")
    assert method is not None
    return lambda *arrays: method.execute([torch.from_numpy(array) for array in arrays])[0].numpy()
