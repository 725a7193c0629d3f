"""The evaluator beyond single operators: rounding, memory, hooks, stopping, and every refusal in one line."""

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runtime.coreml.evaluator import Evaluator
from runtime.coreml.ops import OPERATORS
from runtime.coreml.program import Feature, load_program, signature
from runtime.coreml.ranges import Ranges
from runtime.coreml.saved import read_package
from runtime.errors import BundleError, Cancelled, EngineError
from tests.runtime.coreml.packages import Function, build, ct, mb, quiet

DATA = "Data/com.apple.CoreML"
X = np.random.default_rng(0).standard_normal((4, 8)).astype(np.float16)


def chain(path: Path, length: int = 6) -> Path:
    """x -> x + 1 -> ... ; the results are named add_0, add_1, ..."""

    def body(x: Any) -> Any:
        for i in range(length):
            x = mb.add(x=x, y=np.float16(1), name=f"add_{i}")
        return x

    return build(path / "chain.mlpackage", body, {"x": X})


def tamper(package: Path, change: Callable[[Any], None]) -> None:
    spec = ct.utils.load_spec(str(package))
    change(spec.mlProgram)
    (package / "Data/com.apple.CoreML/model.mlmodel").write_bytes(spec.SerializeToString())


def operation(program: Any, name: str) -> Any:
    block = next(iter(program.functions["main"].block_specializations.values()))
    return next(op for op in block.operations if op.outputs[0].name == name)


def test_half_results_are_those_of_numpy(tmp_path: Path) -> None:
    y = np.random.default_rng(1).standard_normal((4, 8)).astype(np.float16) * np.float16(100)
    inputs = {"x": X, "y": y}
    package = build(tmp_path / "a.mlpackage", lambda x, y: (mb.add(x=x, y=y), mb.mul(x=x, y=y)), inputs)
    added, multiplied = Evaluator(package).run(inputs).values()
    np.testing.assert_array_equal(added, X + y)
    np.testing.assert_array_equal(multiplied, X * y)


def test_what_exceeds_half_precision_is_infinite_unless_nothing_is_rounded(tmp_path: Path) -> None:
    x = np.array([100, 255.5, 256, -300], np.float16)
    package = build(tmp_path / "a.mlpackage", lambda x: mb.square(x=x), {"x": x})
    half = next(iter(Evaluator(package).run({"x": x}).values()))
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half, np.array([10000, 65280, np.inf, np.inf], np.float16))
    single = next(iter(Evaluator(package, half=False).run({"x": x}).values()))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, x.astype(np.float32) ** 2)


def test_a_cast_to_half_rounds_only_with_half(tmp_path: Path) -> None:
    x = np.array([1 + 2**-12, 70000], np.float32)
    package = build(
        tmp_path / "a.mlpackage", lambda x: mb.cast(x=mb.cast(x=x, dtype="fp16"), dtype="fp32"), {"x": x}
    )
    assert list(next(iter(Evaluator(package).run({"x": x}).values()))) == [1, np.inf]
    np.testing.assert_array_equal(next(iter(Evaluator(package, half=False).run({"x": x}).values())), x)


def test_one_operation_is_rounded_once(tmp_path: Path) -> None:
    # The squares of 300 exceed half precision inside a layer_norm, and a sum of 4096 ones stops at 2048.
    x = np.concatenate([np.full((1, 2048), 300, np.float16), np.full((1, 2048), -300, np.float16)], 1)
    package = build(
        tmp_path / "a.mlpackage",
        lambda x: (
            mb.layer_norm(x=x, axes=[-1], epsilon=np.float16(1e-3)),
            mb.reduce_sum(x=mb.abs(x=mb.sign(x=x)), axes=[-1]),
        ),
        {"x": x},
    )
    normed, count = Evaluator(package).run({"x": x}).values()
    np.testing.assert_array_equal(normed, np.sign(x))
    assert count == 4096


def test_the_hook_sees_every_result_by_name(tmp_path: Path) -> None:
    seen: list[tuple[str, str, torch.dtype]] = []
    package = build(
        tmp_path / "a.mlpackage",
        lambda x: mb.concat(values=mb.split(x=x, num_splits=2, axis=1, name="halves"), axis=0, name="joined"),
        {"x": X},
    )
    Evaluator(package, hook=lambda name, type, tensor: seen.append((name, type, tensor.dtype))).run({"x": X})
    assert seen == [
        ("halves_0", "split", torch.float16),
        ("halves_1", "split", torch.float16),
        ("joined", "concat", torch.float16),
    ]


def test_tensors_are_freed_at_their_last_use(tmp_path: Path) -> None:
    made: list[weakref.ref[torch.Tensor]] = []
    alive: list[int] = []

    def watch(name: str, type: str, tensor: torch.Tensor) -> None:
        made.append(weakref.ref(tensor))
        alive.append(sum(reference() is not None for reference in made))

    Evaluator(chain(tmp_path, 9), hook=watch).run({"x": X})
    assert max(alive) == 2  # an operation's input and its result


def test_a_result_that_nothing_reads_is_freed_too(tmp_path: Path) -> None:
    def body(x: Any) -> Any:
        mb.exp(x=x)
        return mb.add(x=mb.abs(x=x), y=np.float16(1))

    made: list[weakref.ref[torch.Tensor]] = []
    package = build(tmp_path / "a.mlpackage", body, {"x": X})
    Evaluator(package, hook=lambda name, type, tensor: made.append(weakref.ref(tensor))).run({"x": X})
    assert [reference() is None for reference in made] == [True, True, True]


def test_the_weights_read_do_not_outlive_construction(tmp_path: Path) -> None:
    def functions() -> int:
        return sum(isinstance(thing, Function) for thing in gc.get_objects())

    package = chain(tmp_path)
    gc.collect()
    before = functions()
    evaluator = Evaluator(package)
    assert functions() == before
    assert evaluator.half_results == {f"add_{i}" for i in range(6)}


def test_a_run_is_cancelled_between_operations_and_resumed(tmp_path: Path) -> None:
    seen: list[str] = []

    def cancel(name: str, type: str, tensor: torch.Tensor) -> None:
        seen.append(name)
        if name == "add_2":
            thread = threading.Thread(target=evaluator.cancel)
            thread.start()
            thread.join()

    evaluator = Evaluator(chain(tmp_path), hook=cancel)
    with pytest.raises(Cancelled):
        evaluator.run({"x": X})
    assert seen == ["add_0", "add_1", "add_2"]
    with pytest.raises(Cancelled):
        evaluator.run({"x": X})
    evaluator.resume()
    evaluator.hook = None
    np.testing.assert_allclose(evaluator.run({"x": X})["add_5"], X + 6, rtol=5e-3)


def test_outputs_may_be_inputs_or_constants(tmp_path: Path) -> None:
    package = build(
        tmp_path / "a.mlpackage", lambda x: (mb.identity(x=x, name="same"), mb.add(x=x, y=x)), {"x": X}
    )
    outputs = Evaluator(package).run({"x": X, "ignored": X})
    np.testing.assert_array_equal(outputs["same"], X)


def test_functions_are_chosen_by_name(tmp_path: Path) -> None:
    description = ct.utils.MultiFunctionDescriptor()
    for rows in (1, 2):
        path = build(tmp_path / f"{rows}.mlpackage", lambda x: mb.add(x=x, y=np.float16(1)), {"x": X[:rows]})
        description.add_function(str(path), "main", f"rows_{rows}")
    description.default_function_name = "rows_1"
    package = tmp_path / "both.mlpackage"
    with quiet():
        ct.utils.save_multifunction(description, str(package))

    functions = load_program(package).functions
    assert {name: signature(function).inputs for name, function in functions.items()} == {
        f"rows_{rows}": [Feature("x", "float16", (rows, 8))] for rows in (1, 2)
    }
    output = Evaluator(package, "rows_2").run({"x": X[:2]})
    np.testing.assert_array_equal(next(iter(output.values())), X[:2] + np.float16(1))
    with pytest.raises(EngineError, match="more than one function: choose one of rows_1, rows_2"):
        Evaluator(package)
    with pytest.raises(EngineError, match="no function main: choose one of"):
        Evaluator(package, "main")


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({}, r"main needs x, float16 \[4, 8\]"),
        ({"x": X[:3]}, r"x would be float16 \[3, 8\], the file says float16 \[4, 8\]"),
        ({"x": X.astype(np.float32)}, r"x would be float32 \[4, 8\], the file says float16"),
    ],
)
def test_an_input_unlike_the_files_is_refused(
    inputs: dict[str, np.ndarray], line: str, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=line):
        Evaluator(chain(tmp_path, 1)).run(inputs)


@pytest.mark.parametrize("index", [-1, 7])
def test_an_index_out_of_range_names_the_operation(index: int, tmp_path: Path) -> None:
    table, indices = np.zeros((7, 3), np.float16), np.array([0, index, 2], np.int32)
    package = build(
        tmp_path / "a.mlpackage", lambda i: mb.gather(x=table, indices=i, axis=0, name="rows"), {"i": indices}
    )
    with pytest.raises(EngineError, match=r"gather rows: an index lies outside 0 \.\. 6"):
        Evaluator(package).run({"i": indices})


def test_every_unknown_operation_is_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = build(
        tmp_path / "a.mlpackage",
        lambda x: mb.exp(x=mb.abs(x=mb.exp(x=x, name="e1"), name="a1"), name="e2"),
        {"x": X},
    )
    monkeypatch.delitem(OPERATORS, "exp")
    monkeypatch.delitem(OPERATORS, "abs")
    with pytest.raises(EngineError, match=r"without an operator: exp \(e1, e2\); abs \(a1\)"):
        Evaluator(package)


def test_a_result_unlike_its_operators_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATORS, "add", OPERATORS["greater"])
    line = r"add add_0 gives torch.bool \[4, 8\] for add_0, the file declares float16"
    with pytest.raises(EngineError, match=line):
        Evaluator(chain(tmp_path)).run({"x": X})


def test_a_declared_shape_that_the_operation_cannot_give_is_named(tmp_path: Path) -> None:
    package = chain(tmp_path)

    def change(program: Any) -> None:
        dimension = operation(program, "add_3").outputs[0].type.tensorType.dimensions[1]
        dimension.constant.size = 9

    tamper(package, change)
    with pytest.raises(BundleError, match=r"function main .* beyond add_3: AssertionError Mismatch"):
        Evaluator(package)


def test_a_declared_type_that_the_operation_cannot_give_is_named(tmp_path: Path) -> None:
    package = chain(tmp_path)

    def change(program: Any) -> None:
        operation(program, "add_3").outputs[0].type.tensorType.dataType = 11  # float32

    tamper(package, change)
    with pytest.raises(BundleError, match="cannot be read beyond add_3: AssertionError Mismatch"):
        Evaluator(package)


def test_an_operation_that_coremltools_does_not_know_is_named(tmp_path: Path) -> None:
    package = chain(tmp_path)

    def change(program: Any) -> None:
        operation(program, "add_3").type = "divine"

    tamper(package, change)
    with pytest.raises(BundleError, match=r"beyond add_3_y_0: ValueError op divine not registered"):
        Evaluator(package)


def remove(package: Path, name: str) -> None:
    (package / name).unlink()


def truncate(package: Path, name: str) -> None:
    content = (package / name).read_bytes()
    (package / name).write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("damage", [remove, truncate])
@pytest.mark.parametrize(
    "name",
    ["Manifest.json", f"{DATA}/model.mlmodel", f"{DATA}/weights/weight.bin"],
)
def test_a_damaged_package_is_one_line_that_names_it(
    name: str, damage: Callable[[Path, str], None], tmp_path: Path
) -> None:
    weight = np.ones((64, 8), np.float16)
    package = build(tmp_path / "a.mlpackage", lambda x: mb.linear(x=x, weight=weight), {"x": X})
    damage(package, name)
    with pytest.raises(BundleError) as caught:
        Evaluator(package)
    assert "a.mlpackage" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_package_without_its_weights_has_no_structure(tmp_path: Path) -> None:
    weight = np.ones((64, 8), np.float16)
    package = build(tmp_path / "a.mlpackage", lambda x: mb.linear(x=x, weight=weight), {"x": X})
    read_package(package)
    remove(package, f"{DATA}/weights/weight.bin")
    with pytest.raises(
        BundleError, match=r"a\.mlpackage: weight\.bin is missing or truncated: export the bundle again$"
    ):
        read_package(package)


def test_a_missing_package_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"none\.mlpackage is not a Core ML package"):
        load_program(tmp_path / "none.mlpackage")


def test_without_coremltools_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = chain(tmp_path)
    monkeypatch.setitem(sys.modules, "coremltools", None)
    monkeypatch.delitem(sys.modules, "runtime.coreml.tools")
    with pytest.raises(EngineError, match=r"install 'meissonic-mobile\[coreml\]'"):
        load_program(package)


def test_ranges_are_sorted_by_danger(tmp_path: Path) -> None:
    x = np.array([1, 200, 3], np.float16)

    def body(x: Any) -> Any:
        small = mb.add(x=x, y=np.float16(2), name="small")
        large = mb.mul(x=x, y=np.float16(300), name="large")
        mb.mul(x=large, y=np.float16(2), name="infinite")
        return small, mb.cast(x=large, dtype="fp32", name="single")

    evaluator = Evaluator(build(tmp_path / "a.mlpackage", body, {"x": x}))
    ranges = evaluator.hook = Ranges(evaluator.half_results)
    for _ in range(2):
        evaluator.run({"x": x})
    assert [(r.name, r.type, r.largest, r.nonfinite) for r in ranges.table()] == [
        ("infinite", "mul", 1800, 2),
        ("large", "mul", 60000, 0),
        ("small", "add", 202, 0),
    ]
    assert ranges.table()[1].headroom == pytest.approx(65504 / 60000)
    assert ranges.report(2).splitlines()[1].split() == ["1800", "36.39", "2", "mul", "infinite"]

    unrounded = Evaluator(tmp_path / "a.mlpackage", half=False)
    ranges = unrounded.hook = Ranges(unrounded.half_results)
    unrounded.run({"x": x})
    assert (ranges.table()[0].name, ranges.table()[0].headroom) == ("infinite", pytest.approx(65504 / 120000))
