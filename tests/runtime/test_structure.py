"""The structural report of saved Core ML packages, against figures computed by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ct = pytest.importorskip("coremltools")

import coremltools.optimize.coreml as cto  # noqa: E402
from coremltools.converters.mil import Builder as mb  # noqa: E402
from coremltools.converters.mil.frontend.milproto.load import load as load_mil  # noqa: E402
from coremltools.converters.mil.mil import types  # noqa: E402

from runtime.coreml import structure  # noqa: E402
from runtime.coreml.costs import Stored, flops  # noqa: E402
from runtime.coreml.neural_engine import first_broken  # noqa: E402
from runtime.coreml.saved import Function, read_package  # noqa: E402
from runtime.coreml.structure import FunctionReport, PackageReport, report, warnings  # noqa: E402
from runtime.errors import BundleError  # noqa: E402

IOS18 = ct.target.iOS18


def half(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float16)


def tensor(*shape: int, dtype: type = types.fp16) -> Any:
    return mb.TensorSpec(shape, dtype)


def convert(program: Any, target: Any = IOS18) -> Any:
    """As written: without passes that fuse or fold."""
    return ct.convert(
        program, minimum_deployment_target=target, pass_pipeline=ct.PassPipeline.EMPTY, skip_model_load=True
    )


def save(model: Any, path: Path) -> Path:
    model.save(str(path))
    return path


@mb.program(input_specs=[tensor(1, 32, 1, 64), tensor(3, dtype=types.int32)], opset_version=IOS18)
def attention(x: Any, ids: Any) -> Any:
    x = mb.conv(x=x, weight=half(64, 32, 1, 1), name="conv")
    x = mb.reshape(x=x, shape=(1, 64, 64), name="flat")
    x = mb.linear(x=x, weight=half(16, 64), bias=half(16), name="linear")
    x = mb.reshape(x=x, shape=(1, 2, 32, 16), name="heads")
    x = mb.scaled_dot_product_attention(query=x, key=x, value=x, name="attention")
    rows = mb.gather(x=half(50, 32), indices=ids, axis=0, validate_indices=False, name="rows")
    return x, rows


CONV, LINEAR, ATTENTION = 2 * 64 * 64 * 32, 2 * 64 * 16 * 64, 2 * 2 * 32 * 32 * (16 + 16)
PARAMETERS = 64 * 32 + 16 * 64 + 50 * 32
BIAS = 16

Compress = Callable[[Any], Any]


def quantized(**options: Any) -> Compress:
    config = cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=100, **options)
    return lambda model: cto.linear_quantize_weights(model, cto.OptimizationConfig(config))


def palettized(**options: Any) -> Compress:
    config = cto.OpPalettizerConfig(mode="uniform", weight_threshold=100, **options)
    return lambda model: cto.palettize_weights(model, cto.OptimizationConfig(config))


FORMATS: dict[str, Compress] = {
    "fp16": lambda model: model,
    "int8": quantized(dtype="int8"),
    "int4": quantized(dtype="int4", granularity="per_block", block_size=32),
    "palette6": palettized(nbits=6),
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    model = convert(attention)
    return {name: save(compress(model), folder / f"{name}.mlpackage") for name, compress in FORMATS.items()}


def reported(path: Path) -> tuple[PackageReport, FunctionReport]:
    package = report(read_package(path))
    assert len(package.functions) == 1
    return package, package.functions[0]


def function(program: Any, path: Path) -> Function:
    return read_package(save(convert(program), path)).functions[0]


def test_arithmetic_and_traffic(packages: dict[str, Path]) -> None:
    package, main = reported(packages["fp16"])
    assert main.flops_by_type == {
        "conv": CONV,
        "linear": LINEAR,
        "scaled_dot_product_attention": ATTENTION,
    }
    assert main.flops == CONV + LINEAR + ATTENTION
    assert main.operations == {
        "reshape": 2,
        "conv": 1,
        "linear": 1,
        "scaled_dot_product_attention": 1,
        "gather": 1,
    }
    assert main.input_bytes == 2 * 32 * 64 + 4 * 3
    assert main.output_bytes == 2 * 2 * 32 * 16 + 2 * 3 * 32
    assert main.moved_bytes == main.input_bytes + main.output_bytes + 2 * (PARAMETERS + BIAS)
    assert package.specification == 9
    assert package.bytes == sum(f.stat().st_size for f in packages["fp16"].rglob("*") if f.is_file())


# Scales and palettes are fp16 and belong to the weights they serve.
@pytest.mark.parametrize(
    "name, precision, size",
    [
        ("int8", "int8", PARAMETERS + 2 * (64 + 16 + 50)),
        ("int4", "int4", PARAMETERS // 2 + 2 * (64 + 16 * 2 + 50)),
        ("palette6", "palette 6", PARAMETERS * 6 // 8 + 3 * 2 * 64),
    ],
)
def test_weights_by_precision(packages: dict[str, Path], name: str, precision: str, size: int) -> None:
    package, main = reported(packages[name])
    assert main.weights == package.weights
    assert package.weights == {precision: Stored(PARAMETERS, size), "fp16": Stored(BIAS, 2 * BIAS)}


def test_weights_of_ios16_packages(tmp_path: Path) -> None:
    @mb.program(input_specs=[tensor(1, 64)], opset_version=ct.target.iOS16)
    def product(x: Any) -> Any:
        return mb.linear(x=x, weight=half(32, 64), name="linear")

    model = convert(product, ct.target.iOS16)
    palette, _ = reported(save(palettized(nbits=4)(model), tmp_path / "palette.mlpackage"))
    assert palette.weights["palette 4"] == Stored(32 * 64, 32 * 64 // 2 + 2 * 16)
    eight, _ = reported(save(quantized(dtype="int8")(model), tmp_path / "eight.mlpackage"))
    assert eight.weights["int8"].parameters == 32 * 64


def test_what_functions_share_counts_once(packages: dict[str, Path], tmp_path: Path) -> None:
    descriptor = ct.utils.MultiFunctionDescriptor()
    for name in ("square", "wide"):
        descriptor.add_function(str(packages["int8"]), "main", name)
    descriptor.default_function_name = "square"
    both = tmp_path / "both.mlpackage"
    ct.utils.save_multifunction(descriptor, str(both))
    package, single = report(read_package(both)), reported(packages["int8"])[0]
    assert [each.name for each in package.functions] == ["square", "wide"]
    assert package.weights == single.weights
    assert all(each.weights == single.weights for each in package.functions)


def test_other_arithmetic(tmp_path: Path) -> None:
    @mb.program(input_specs=[tensor(1, 32, 4, 4), tensor(2, 16, 8)], opset_version=IOS18)
    def products(x: Any, y: Any) -> Any:
        up = mb.conv_transpose(x=x, weight=half(32, 8, 2, 2), strides=(2, 2), name="up")
        grouped = mb.conv(x=x, weight=half(16, 16, 3, 3), groups=2, pad_type="same", name="grouped")
        turned = mb.matmul(x=y, y=half(2, 16, 4), transpose_x=True, name="turned")
        plain = mb.matmul(x=y, y=half(8, 4), name="plain")
        equation = mb.einsum(values=(x, half(1, 4, 4, 6)), equation="nchw,nwhu->nchu", name="equation")
        return up, grouped, turned, plain, equation

    work = {each.name: flops(each) for each in function(products, tmp_path / "p.mlpackage").operations}
    assert work == {
        "up": 2 * (32 * 4 * 4) * (8 * 2 * 2),
        "grouped": 2 * (16 * 4 * 4) * (16 * 3 * 3),
        "turned": 2 * 2 * 8 * 16 * 4,
        "plain": 2 * 2 * 16 * 8 * 4,
        "equation": 2 * 32 * 4 * 4 * 6,
    }


def test_memory_is_freed_at_the_last_use(tmp_path: Path) -> None:
    @mb.program(input_specs=[tensor(1, 64, 1, 64)], opset_version=IOS18)
    def chain(x: Any) -> Any:
        a = mb.relu(x=x, name="a")
        b = mb.exp(x=a, name="b")
        c = mb.add(x=a, y=b, name="c")
        wide = mb.cast(x=mb.relu(x=c, name="d"), dtype="fp32", name="wide")
        return mb.relu(x=wide, name="last")

    _, main = reported(save(convert(chain), tmp_path / "chain.mlpackage"))
    one = 2 * 64 * 64
    assert (main.peak_bytes, main.peak_at) == (4 * one, "last")  # wide and last, 4 bytes a number
    assert main.largest is not None
    assert (main.largest.name, main.largest.operation) == ("wide", "cast")
    assert (main.largest.shape, main.largest.dtype, main.largest.bytes) == ((1, 64, 1, 64), "fp32", 2 * one)


def test_rules_of_the_neural_engine(tmp_path: Path) -> None:
    @mb.program(
        input_specs=[tensor(1, 64, 8, 1024), tensor(64, 64, dtype=types.fp32), tensor(3, dtype=types.int32)],
        opset_version=IOS18,
    )
    def outside(x: Any, single: Any, ids: Any) -> Any:
        flat = mb.reshape(x=x, shape=(512, 1024), name="flat")
        return (
            mb.softmax(x=x, axis=1, name="attention_chunk"),
            mb.softmax(x=x, axis=-1, name="softmax_axis"),
            mb.cumsum(x=x, axis=1, name="cumulative_sum"),
            mb.reduce_argmax(x=x, axis=1, name="selection"),
            mb.gather(x=flat, indices=ids, axis=0, validate_indices=False, name="gather"),
            mb.add(x=ids, y=ids, name="whole_numbers"),
            mb.relu(x=single, name="single_precision"),
            mb.cast(x=single, dtype="fp16", name="border_cast"),
            mb.linear(x=flat, weight=half(64, 1024), name="linear"),
            mb.transpose(x=flat, perm=(1, 0), name="moved_axis"),
            mb.transpose(x=x, perm=(0, 2, 1, 3), name="kept_axis"),
            mb.reshape(x=x, shape=(1, 64, 1024, 8), name="short_axis"),
            mb.relu(x=x, name="plain"),
        )

    found = {}
    for operation in function(outside, tmp_path / "outside.mlpackage").operations:
        rule = first_broken(operation)
        found[operation.name] = None if rule is None else (rule.name, rule.leaves)
    fine = ("border_cast", "kept_axis", "plain", "flat")
    slow = ("attention_chunk", "softmax_axis", "linear", "moved_axis", "short_axis")
    assert found.keys() >= {*fine, *slow}
    for name, broken in found.items():
        assert broken == (None if name in fine else (name.replace("_", " "), name not in slow)), name


def test_weights_that_leave_the_neural_engine(packages: dict[str, Path]) -> None:
    def leaving(name: str) -> dict[str, tuple[int, float]]:
        _, main = reported(packages[name])
        return {each.rule: (each.count, each.flops_share) for each in main.broken if each.leaves}

    whole = CONV + LINEAR + ATTENTION
    others = {"gather": (1, 0.0), "fused attention": (1, ATTENTION / whole)}
    assert leaving("fp16") == others
    # Compressing a saved package writes anew how negative indices are wrapped: three operations more.
    others["whole numbers"] = (3, 0.0)
    assert leaving("int8") == leaving("palette6") == others
    assert leaving("int4") == {**others, "blocks": (2, (CONV + LINEAR) / whole)}
    _, main = reported(packages["int4"])
    assert (main.leaving, main.leaving_flops_share) == (7, 1.0)


def test_same_operations_as_the_program_that_coremltools_loads(packages: dict[str, Path]) -> None:
    spec = ct.utils.load_spec(str(packages["int4"]))
    weights = packages["int4"] / "Data/com.apple.CoreML/weights"
    program = load_mil(spec, spec.specificationVersion, str(weights))
    theirs = [
        (each.op_type, each.outputs[0].shape)
        for each in program.functions["main"].operations
        if each.op_type != "const" and not each.op_type.startswith("constexpr_")
    ]
    ours = read_package(packages["int4"]).functions[0].operations
    assert [(each.type, each.outputs[0].shape) for each in ours] == theirs


def test_limits_of_a_phone() -> None:
    assert warnings(1_900_000_000, {"fp16": Stored(450_000_000, 900_000_000)}) == []
    assert warnings(1_900_000_000, {"palette 6": Stored(2_000_000_000, 1_500_000_000)}) == []
    (chunks,) = warnings(1_100_000_000, {"fp16": Stored(550_000_000, 1_100_000_000)})
    assert "1.10 GB of fp16 weights" in chunks and "chunks" in chunks
    (large,) = warnings(2_100_000_000, {"int8": Stored(2_100_000_000, 2_100_000_000)})
    assert "2.10 GB" in large


def test_command_reports_a_folder(
    packages: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    assert structure.main([str(packages["fp16"].parent), "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "int4.mlpackage" in shown and "scaled_dot_product_attention is for the GPU" in shown
    assert structure.NOT_SHOWN in shown
    data = json.loads(out.read_text())
    assert [each["package"] for each in data["packages"]] == sorted(f"{name}.mlpackage" for name in FORMATS)
    assert data["packages"][0]["functions"][0]["flops"] == CONV + LINEAR + ATTENTION
    assert data["packages"][0]["weights"]["fp16"] == {
        "parameters": PARAMETERS + BIAS,
        "bytes": 2 * (PARAMETERS + BIAS),
    }


@pytest.mark.parametrize("damage", ["empty", "truncated"])
def test_damaged_package_is_one_line(
    damage: str, packages: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.mlpackage"
    if damage == "empty":
        path.mkdir()
    else:
        save(ct.models.MLModel(str(packages["fp16"]), skip_model_load=True), path)
        model = path / "Data/com.apple.CoreML/model.mlmodel"
        model.write_bytes(model.read_bytes()[:-100])
    assert structure.main([str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: cannot read {path}") and error.count("\n") == 1


def test_shapes_known_only_at_run_time(tmp_path: Path) -> None:
    model = convert(attention)
    path = save(model, tmp_path / "flexible.mlpackage")
    spec = ct.utils.load_spec(str(path))
    spec.mlProgram.functions["main"].inputs[0].type.tensorType.dimensions[3].unknown.variadic = False
    (path / "Data/com.apple.CoreML/model.mlmodel").write_bytes(spec.SerializeToString())
    with pytest.raises(BundleError, match="x has a shape that is known only at run time"):
        read_package(path)


@pytest.mark.parametrize("name", ["nothing", "nothing.mlpackage"])
def test_wrong_path_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert structure.main([str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and name in error and error.count("\n") == 1
