"""One table of limits: which hold for a bundle, and what is said of a figure beyond its limit."""

import pytest

from export.errors import VerificationError
from export.verify import check
from runtime.bundle import read_manifest
from runtime.manifest import PRECISIONS, Function, Manifest
from runtime.parity.comparison import TensorFigures
from runtime.parity.limits import LIMITS, Limit, judged, limit_of, missed
from tests.runtime.tiny_bundle import write_bundle

CASES = [
    *((precision, "fp32", "fp32") for precision in PRECISIONS),
    *(("fp32", precision, "fp32") for precision in PRECISIONS),
    *(("fp32", "fp32", precision) for precision in PRECISIONS),
]
VERIFIED = ("text_encoder.", "conditioner.", "transformer.", "image_")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return read_manifest(write_bundle(tmp_path_factory.mktemp("limits") / "tiny"))


def manifest_of(tiny: Manifest, *precisions: str) -> Manifest:
    """The tiny manifest with these precisions of step, decoder and encoder."""
    names = ("transformer", "image_decoder", "image_encoder")
    graphs = {
        name: tiny.graphs[name].model_copy(update={"precision": precision})
        for name, precision in zip(names, precisions, strict=True)
    }
    return tiny.model_copy(update={"graphs": tiny.graphs | graphs})


@pytest.fixture(params=CASES)
def manifest(request: pytest.FixtureRequest, tiny: Manifest) -> Manifest:
    """Each precision of the step, of the decoder and of the encoder."""
    return manifest_of(tiny, *request.param)


def limits(manifest: Manifest) -> list[Limit]:
    """Those of an export's verification."""
    found = [limit_of(figure, manifest) for figure in LIMITS if figure.startswith(VERIFIED)]
    return [limit for limit in found if limit is not None]


def passing(manifest: Manifest) -> dict[str, float]:
    return {limit.figure: limit.worst for limit in limits(manifest)}


def test_figures_at_their_limits_pass(manifest: Manifest) -> None:
    check(passing(manifest), manifest)


def test_every_graph_has_limits_in_every_precision(manifest: Manifest) -> None:
    graphs = {limit.figure.partition(".")[0] for limit in limits(manifest)}
    assert graphs == {"text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"}


def test_each_figure_beyond_its_limit_fails_and_is_named_with_its_value(manifest: Manifest) -> None:
    for limit in limits(manifest):
        worse = limit.worst - 0.001 if limit.higher_is_better else limit.worst + 0.001
        with pytest.raises(VerificationError, match=f"^{limit.figure} is {worse:.6g}"):
            check(passing(manifest) | {limit.figure: worse}, manifest)


def test_all_that_is_missed_is_named_with_the_way_out_of_the_bundles_engine(tiny: Manifest) -> None:
    graph = tiny.graphs["transformer"].model_copy(update={"precision": "int8"})
    wrong = {"transformer.logits.psnr": 1.0, "transformer.kl_per_guidance": 9.0}
    for functions, way_out in (
        ([], "--fp32 writes"),
        ([Function(name="main", dimensions={})], "--fp16 writes"),
    ):
        graphs = {"transformer": graph.model_copy(update={"functions": functions})}
        manifest = tiny.model_copy(update={"graphs": tiny.graphs | graphs})
        with pytest.raises(VerificationError) as raised:
            check(passing(manifest) | wrong, manifest)
        assert all(f"{name} is {value:g}" in str(raised.value) for name, value in wrong.items())
        assert way_out in str(raised.value)


@pytest.mark.parametrize("precision", ["palette8", "palette6", "palette4", "int4"])
def test_image_graphs_of_fewer_than_sixteen_bits_are_held_to_the_limits_of_int8(
    precision: str, tiny: Manifest
) -> None:
    coarse, int8 = manifest_of(tiny, "fp32", precision, precision), manifest_of(tiny, "fp32", "int8", "int8")
    for figure in ("image_decoder.psnr", "image_encoder.agreement"):
        one, other = limit_of(figure, coarse), limit_of(figure, int8)
        assert one is not None and other is not None and one.worst == other.worst


def test_codes_of_a_float_encoder_may_be_another_runtimes_choice_on_core_ai_alone(tiny: Manifest) -> None:
    onnx = manifest_of(tiny, "fp32", "fp32", "fp32")
    graphs = {
        name: graph.model_copy(update={"files": [f"{name}.aimodel/main.mlirb"]})
        for name, graph in onnx.graphs.items()
    }
    found = [
        limit_of("image_encoder.agreement", one) for one in (onnx, onnx.model_copy(update={"graphs": graphs}))
    ]
    assert [limit.worst for limit in found if limit] == [0.999, 0.99]


def test_a_parity_report_holds_repeated_steps_to_the_limits_of_an_export(tiny: Manifest) -> None:
    figures = {"teacher_forced.kl_per_guidance": 1.0, "teacher_forced.misdrawn": 1, "free_running.psnr": 1.0}
    verdicts = judged(figures, manifest_of(tiny, "int8", "fp32", "fp32"))
    assert [str(verdict) for verdict in missed(verdicts)] == [
        "teacher_forced.kl_per_guidance is 1, above the int8 limit of 0.01",
        "teacher_forced.misdrawn is 1, above the int8 limit of 0",
    ]


def test_a_figure_that_is_no_number_fails() -> None:
    assert not Limit("x.psnr", 1, "fp32").holds(float("nan"))
    assert not Limit("x.levels", 1, "fp32").holds(float("nan"))


def test_a_tensor_that_is_compared_twice_has_the_worse_figures() -> None:
    figures = TensorFigures()
    for error in (0.1, 0.01):
        figures.compare("a.b", [0.0, 1.0], [0.0, 1.0 + error])
    found = figures.result()
    assert found["a.b.max_abs"] == pytest.approx(0.1)
    assert found["a.b.psnr"] == pytest.approx(23.01, abs=0.01)
