"""The pipelines: recorded runs of the published code step by step, and the behaviour it lacks."""

from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from reference import transformer as transformer_module
from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Cancelled, RequestError
from reference.image import encode_pixels, mask_grid, to_pixels
from reference.noise import TorchNoise
from reference.pipeline import Drawing, Pipeline
from reference.request import check_request
from tests.reference.golden import FOLDER, MUDDIT, RUNS, GoldenRun, golden_run, published_sinusoid


@cache
def checkpoint(model: str) -> Checkpoint:
    return load_checkpoint(FOLDER / model / "checkpoint")


def picture(run: GoldenRun, kind: str) -> Image.Image:
    return Image.open(run.folder / f"{run.name}_{kind}.png")


class Replay:
    """The drawn tokens and confidence noise of a recorded run; keeps the largest logit difference it saw."""

    def __init__(self, run: GoldenRun) -> None:
        self.run = run
        self.first = run.arguments["num_inference_steps"] - run["steps_pred"].shape[0]
        self.logits: list[Tensor] = []

    def start(self, batch: int, tokens: int) -> Tensor:
        masked = self.run["noised_tokens"] != self.run["init_tokens"]
        return (~masked).float().flatten(1)

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]:
        self.logits.append(logits)
        drawn = self.run["steps_pred"][step - self.first].flatten(1)
        return drawn, logits.log_softmax(-1).gather(-1, drawn[..., None])[..., 0]

    def gumbel(self, batch: int, tokens: int, step: int) -> Tensor:
        return self.run["steps_gumbel"][step - self.first]

    def logits_difference(self) -> float:
        logits = torch.stack(self.logits).transpose(2, 3)
        return self.run.difference("steps_logits", logits)


def replayed(run: GoldenRun, noise: Replay | TorchNoise) -> Drawing:
    pipeline = Pipeline(checkpoint(run.model))
    arguments = run.arguments
    settings = {
        "negative": arguments["negative_prompt"],
        "steps": arguments["num_inference_steps"],
        "guidance": arguments["guidance_scale"],
        "temperature": arguments.get("temperature", (2.0, 0.0)),
        "noise": noise,
        "trace": True,
    }
    if run.name == "img2img":
        return pipeline.image_to_image(
            arguments["prompt"], picture(run, "image"), arguments["strength"], **settings
        )
    if run.name == "inpaint":
        return pipeline.inpaint(arguments["prompt"], picture(run, "image"), picture(run, "mask"), **settings)
    return pipeline.text_to_image(arguments["prompt"], size=run.size, **settings)


@pytest.mark.parametrize(("model", "name"), [*RUNS, MUDDIT])
def test_replayed_run_gives_the_published_logits_tokens_and_image(model, name):
    run = golden_run(model, name)
    noise = Replay(run)
    drawing = replayed(run, noise)
    assert len(drawing.trace) == run["steps_pred"].shape[0]
    for i, step in enumerate(drawing.trace):
        assert torch.equal(step.tokens_in, run["steps_latents_in"][i]), f"tokens into step {i}"
        assert torch.equal(step.tokens, run["steps_latents_out"][i]), f"tokens after step {i}"
    assert noise.logits_difference() < 1e-3
    assert torch.equal(drawing.tokens, run["final_tokens"])
    image = torch.from_numpy(np.array(drawing.images[0]))
    assert run.difference("image_u8", image) <= 1


@pytest.mark.parametrize(("model", "name"), [*RUNS, MUDDIT])
def test_torch_noise_repeats_the_whole_published_run_from_its_seed(model, name, monkeypatch):
    monkeypatch.setattr(transformer_module, "sinusoid", published_sinusoid)
    run = golden_run(model, name)
    drawing = replayed(run, TorchNoise(torch.Generator().manual_seed(42)))
    assert torch.equal(drawing.tokens, run["final_tokens"])


@pytest.mark.parametrize("model", ["mono", "mei"])
def test_images_are_encoded_to_the_published_tokens(model):
    run = golden_run(model, "img2img")
    pixels = torch.from_numpy(np.array(picture(run, "image")))[None]
    assert torch.equal(encode_pixels(checkpoint(model).vqvae, pixels), run["init_tokens"])


def test_masks_become_the_published_token_grid():
    run = golden_run("mono", "inpaint")
    mask = mask_grid(picture(run, "mask"), run.size, 16)
    assert torch.equal(mask, run["mask_tokens"][0].bool())
    assert 0 < mask.float().mean() < 1


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert(mode)


@pytest.fixture
def mono() -> Pipeline:
    return Pipeline(checkpoint("mono"))


def test_same_seed_same_picture_and_images_of_a_batch_have_consecutive_seeds(mono):
    settings = {"size": (64, 48), "steps": 4, "guidance": 3.0}
    batch = mono.text_to_image(["a cat", "a dog"], seed=5, images_per_prompt=2, **settings)
    assert batch.tokens.shape == (4, 3, 4) and [image.size for image in batch.images] == [(64, 48)] * 4
    for j, prompt in enumerate(["a cat", "a dog", "a cat", "a dog"]):
        assert torch.equal(mono.text_to_image(prompt, seed=5 + j, **settings).tokens[0], batch.tokens[j])
    assert not torch.equal(batch.tokens[0], batch.tokens[2])
    default = mono.text_to_image("a cat", **settings).tokens
    assert torch.equal(default, mono.text_to_image("a cat", seed=0, **settings).tokens)


def test_steps_outside_the_interval_are_drawn_from_the_prompt_alone(mono):
    settings = {"size": (64, 64), "steps": 4, "seed": 3, "trace": True, "negative": "low quality"}

    def tokens(**more):
        return [step.tokens for step in mono.text_to_image(["a cat", "a dog"], **settings, **more).trace]

    always, never = tokens(guidance=5.0), tokens(guidance=1.0)
    late, early = tokens(guidance=5.0, guidance_from=0.5), tokens(guidance=5.0, guidance_until=0.5)
    assert all(torch.equal(*pair) for pair in zip(late[:2], never[:2], strict=True))
    assert all(torch.equal(*pair) for pair in zip(early[:2], always[:2], strict=True))
    assert not torch.equal(late[3], never[3]) and not torch.equal(early[3], always[3])


def test_negative_prompt_micro_conditions_and_guidance_reach_the_model(mono):
    settings = {"size": (64, 64), "steps": 4, "guidance": 5.0, "trace": True}

    def first_log_prob(**more):
        return mono.text_to_image("a cat", **{**settings, **more}).trace[0].log_prob

    plain = first_log_prob()
    assert not torch.equal(plain, first_log_prob(negative="low quality"))
    assert not torch.equal(plain, first_log_prob(micro_conditions=(64, 64, 0, 0, 9)))
    assert not torch.equal(plain, first_log_prob(guidance=1.0))
    unguided = first_log_prob(guidance=1.0)
    assert torch.equal(unguided, first_log_prob(guidance=0.0, negative="low quality"))


def test_one_negative_prompt_serves_several_prompts(mono):
    settings = {"size": (32, 32), "steps": 2, "guidance": 3.0}
    one = mono.text_to_image(["a cat", "a dog"], negative="bad", **settings)
    two = mono.text_to_image(["a cat", "a dog"], negative=["bad", "bad"], **settings)
    assert torch.equal(one.tokens, two.tokens)
    with pytest.raises(RequestError, match="3 negative prompts for 2 prompts"):
        mono.text_to_image(["a", "b"], negative=["x", "y", "z"], **settings)


def test_compressed_model_draws_sizes_other_than_1024():
    drawing = Pipeline(checkpoint("mei")).text_to_image("a cat", size=(256, 128), steps=2)
    assert drawing.tokens.shape == (1, 2, 4) and drawing.images[0].size == (256, 128)


def test_strength_one_repaints_everything(mono):
    image = gradient(64, 64)
    repainted = mono.image_to_image("a cat", image, strength=1.0, steps=4, trace=True, seed=3)
    assert (repainted.trace[0].tokens_in == checkpoint("mono").mask_token_id).all()
    drawn = mono.text_to_image("a cat", size=(64, 64), steps=4, seed=3)
    assert torch.equal(repainted.tokens, drawn.tokens)


def test_more_strength_masks_more_of_the_image(mono):
    shares = [
        (mono.image_to_image("a", gradient(128, 128), s, steps=8, trace=True).trace[0].tokens_in == 71)
        .float()
        .mean()
        for s in (0.25, 0.5, 0.75, 1.0)
    ]
    assert shares == sorted(shares) and shares[0] < 0.6 and shares[-1] == 1


@pytest.mark.parametrize("size", [(96, 128), (48, 16)])
def test_inpaint_takes_any_multiple_of_the_token_size_and_keeps_the_rest(mono, size):
    image, mask = gradient(*size), Image.new("L", size, 0)
    mask.paste(255, (16, 0, size[0], size[1]))
    drawing = mono.inpaint("a cat", image, mask, steps=4)
    before = encode_pixels(checkpoint("mono").vqvae, torch.from_numpy(np.array(image))[None])
    assert torch.equal(drawing.tokens[..., 0], before[..., 0])
    assert not (drawing.tokens == checkpoint("mono").mask_token_id).any()


def test_inpainting_leaves_the_next_text_to_image_alone(mono):
    settings = {"size": (64, 64), "steps": 4}
    before = mono.text_to_image("a cat", **settings).tokens
    mono.inpaint("a cat", gradient(64, 64), gradient(64, 64, "L"), steps=4)
    assert torch.equal(before, mono.text_to_image("a cat", **settings).tokens)


def test_outpaint_keeps_the_tokens_inside_and_draws_the_margins(mono):
    image = gradient(64, 48)
    drawing = mono.outpaint("a cat", image, (32, 0, 16, 16), steps=4, trace=True)
    unknown = drawing.trace[0].tokens_in[0] == checkpoint("mono").mask_token_id
    assert unknown.shape == (4, 7) and drawing.images[0].size == (112, 64)
    assert not unknown[:3, 2:6].any() and unknown.sum() == 28 - 12
    assert torch.equal(drawing.tokens[0, :3, 2:6], drawing.trace[0].tokens_in[0, :3, 2:6])


def test_callback_sees_each_step_and_false_cancels(mono):
    seen = []

    def callback(step, steps, tokens):
        seen.append((step, steps, int((tokens == 71).sum())))
        return step < 2

    with pytest.raises(Cancelled, match="step 3 of 6"):
        mono.text_to_image("a cat", size=(64, 64), steps=6, callback=callback)
    assert [entry[:2] for entry in seen] == [(0, 6), (1, 6), (2, 6)]
    assert seen[0][2] > seen[1][2] > seen[2][2] > 0


def test_what_a_long_prompt_loses_is_reported(mono):
    drawing = mono.text_to_image("red cat " * 60 + "zebra", size=(16, 16), steps=1)
    assert drawing.cut[0].endswith("zebra")
    assert mono.text_to_image("red cat", size=(16, 16), steps=1).cut == [""]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0: it must be between 1 and 1000"),
        ({"steps": 1001}, "steps is 1001"),
        ({"guidance": -1.0}, "guidance is -1.0"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"size": (60, 64)}, "size 60x64: each side must be a multiple of 16 pixels, such as 64x64"),
        ({"size": (0, 64)}, "width is 0"),
        ({"size": (64, 100_000)}, "height is 100000"),
        ({"images_per_prompt": 0}, "images per prompt is 0"),
        ({"micro_conditions": (1, 2, 3)}, "micro-conditions"),
    ],
)
def test_values_out_of_range_are_named(mono, settings, message):
    with pytest.raises(RequestError, match=message):
        mono.text_to_image("a cat", **settings)


@pytest.mark.parametrize("prompt", ["", "   ", [], ["a cat", ""]])
def test_an_empty_prompt_is_refused(mono, prompt):
    with pytest.raises(RequestError, match="prompt is empty"):
        mono.text_to_image(prompt)


def test_wrong_images_masks_and_strengths_are_named(mono):
    image = gradient(64, 64)
    with pytest.raises(RequestError, match=r"image is 60x64.*such as 64x64"):
        mono.image_to_image("a", gradient(60, 64))
    with pytest.raises(RequestError, match="image has mode F"):
        mono.image_to_image("a", gradient(64, 64, "F"))
    with pytest.raises(RequestError, match="size 32x32 differs from the image's 64x64"):
        mono.image_to_image("a", image, size=(32, 32))
    with pytest.raises(RequestError, match="mask is 32x64, but the image 64x64"):
        mono.inpaint("a", image, gradient(32, 64, "L"))
    with pytest.raises(RequestError, match="mask has mode I"):
        mono.inpaint("a", image, gradient(64, 64, "I"))
    with pytest.raises(RequestError, match="nothing to repaint"):
        mono.inpaint("a", image, Image.new("L", (64, 64), 0))
    with pytest.raises(RequestError, match=r"strength is 1\.5"):
        mono.image_to_image("a", image, strength=1.5)
    with pytest.raises(RequestError, match="margins"):
        mono.outpaint("a", image, (8, 0, 0, 0))


def test_transparency_is_laid_on_white():
    clear, white = Image.new("RGBA", (32, 32), (255, 0, 0, 0)), Image.new("RGB", (32, 32), "white")
    assert torch.equal(to_pixels(clear, 16), to_pixels(white, 16))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_near_at_step_indices_that_overflow_float16(dtype):
    """Timestep 99 000 is no float16; the sinusoid is computed before anything is rounded."""
    tokens = torch.full((1, 4, 4), 71)

    def logits(loaded: Checkpoint) -> Tensor:
        pipeline = Pipeline(loaded)
        request = check_request("a cat", loaded.defaults, pipeline.unit, size=(256, 256), guidance=3.0)
        with torch.no_grad():
            return pipeline.guided_logits(tokens, pipeline.conditions(request), 99)

    whole = logits(checkpoint("mei"))
    half = logits(load_checkpoint(FOLDER / "mei" / "checkpoint", dtype))
    assert half.dtype == torch.float32
    assert (half - whole).norm() < 0.05 * whole.norm()
