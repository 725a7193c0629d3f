import pytest

from export.errors import VerificationError
from export.limits import TEXT_LIMITS, Figures, check, limits_of
from runtime.bundle import Function, Manifest, read_manifest
from runtime.limits import DECODER_LIMITS, ENCODER_LIMITS, decoder_limits, encoder_limits
from runtime.measures import at_least, at_most
from tests.runtime.tiny_bundle import write_bundle

CASES = [
    *((precision, "fp32", "fp32") for precision in TEXT_LIMITS),
    *(("fp32", precision, "fp32") for precision in DECODER_LIMITS),
    *(("fp32", "fp32", precision) for precision in ENCODER_LIMITS),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return read_manifest(write_bundle(tmp_path_factory.mktemp("limits") / "tiny"))


@pytest.fixture(params=CASES)
def manifest(request: pytest.FixtureRequest, tiny: Manifest) -> Manifest:
    """Each precision of the step, of the decoder and of the encoder."""
    names = ("transformer", "image_decoder", "image_encoder")
    graphs = {
        name: tiny.graphs[name].model_copy(update={"precision": precision})
        for name, precision in zip(names, request.param, strict=True)
    }
    return tiny.model_copy(update={"graphs": tiny.graphs | graphs})


def passing(manifest: Manifest) -> dict[str, float]:
    return {limit.figure: limit.worst for limit in limits_of(manifest)}


def test_figures_at_their_limits_pass(manifest: Manifest):
    check(passing(manifest), manifest)


def test_each_figure_beyond_its_limit_fails_and_is_named_with_its_value(manifest: Manifest):
    for limit in limits_of(manifest):
        worse = limit.worst - 0.001 if limit.higher_is_better else limit.worst + 0.001
        with pytest.raises(VerificationError, match=f"^{limit.figure} is {worse:.6g}"):
            check(passing(manifest) | {limit.figure: worse}, manifest)


def test_all_that_is_missed_is_named_with_the_way_out_of_the_bundles_engine(tiny: Manifest):
    graph = tiny.graphs["transformer"].model_copy(update={"precision": "int8"})
    missed = {"transformer.logits.psnr": 1.0, "transformer.kl_per_guidance": 9.0}
    for functions, way_out in (
        ([], "--fp32 writes"),
        ([Function(name="main", dimensions={})], "--fp16 writes"),
    ):
        graphs = {"transformer": graph.model_copy(update={"functions": functions})}
        manifest = tiny.model_copy(update={"graphs": tiny.graphs | graphs})
        with pytest.raises(VerificationError) as raised:
            check(passing(manifest) | missed, manifest)
        assert all(f"{name} is {value:g}" in str(raised.value) for name, value in missed.items())
        assert way_out in str(raised.value)


@pytest.mark.parametrize("precision", ["palette8", "palette6", "palette4", "int4"])
def test_image_graphs_of_fewer_than_sixteen_bits_are_held_to_the_limits_of_int8(precision: str):
    assert decoder_limits(precision) == DECODER_LIMITS["int8"]
    assert encoder_limits(precision) == ENCODER_LIMITS["int8"]


def test_a_figure_that_is_no_number_fails():
    assert not at_least("x", 1).holds(float("nan"))
    assert not at_most("x", 1).holds(float("nan"))


def test_a_distance_is_the_worst_of_all_a_share_the_mean_over_positions_and_a_count_the_sum():
    figures = Figures()
    figures.add("a.misdrawn", 2)
    figures.add("a.misdrawn", 1)
    for psnr, levels in ((50, 0), (30, 2), (40, 1)):
        figures.add("a.psnr", psnr)
        figures.add("a.levels", levels)
    figures.add("a.agreement", 1.0, weight=30)
    figures.add("a.agreement", 0.5, weight=10)
    assert figures.result() == {"a.misdrawn": 3, "a.psnr": 30, "a.levels": 2, "a.agreement": 0.875}
