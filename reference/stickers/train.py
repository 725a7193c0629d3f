"""Train a sticker checkpoint: VQ, tokenizer, then the paper's stages of masked image modelling.

    runs/stickers/          vq.safetensors, tokens_SIDE/ and NAME.safetensors of each stage (all resumable),
                            curves.png, samples_NAME.png
    --checkpoint DIR        the checkpoint that a recipe continues
    --publish DIR           the finished checkpoint, diffusers layout, fp16 safetensors

Stages after the paper: low resolution, captions, full resolution with feature compression, fine-tune. The
text encoder is trained along from the start, because there is no CLIP to begin with.
"""

import json
import os
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from PIL import Image
from tqdm import tqdm
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from reference.checkpoint import Checkpoint, Defaults, load_checkpoint, save_checkpoint
from reference.checkpoint_files import check_replaceable
from reference.errors import Parser, RequestError
from reference.files import atomic_file, write_text
from reference.pipeline import Pipeline
from reference.publishing import check_output_folder
from reference.request import check_range
from reference.stickers.dataset import PictureSet, StickerTokens, captioned_picture, token_set
from reference.stickers.decoder_tuning import tune_decoder
from reference.stickers.device import CPU, training_device
from reference.stickers.growth import with_codes_of, with_compression, with_rows_for_new_words
from reference.stickers.masked_modelling import MaskedModelling, Stage, initialise
from reference.stickers.scene import FLAT
from reference.stickers.snapshot import rank_and_world, read_meta, seed_all, wait_for_all
from reference.stickers.text import build_text_encoder, build_tokenizer, sample_captions, with_new_words
from reference.stickers.training_recipe import RECIPES, Recipe
from reference.stickers.vq import Vq, code_parents, held_out_quality, to_tensor, train_vq
from reference.transformer import MaskedTransformer

SAMPLE_PROMPTS = (
    "a red heart", "a blue cat", "a yellow star", "a green tree", "a purple fish wearing glasses",
    "an orange cat wearing a hat", "two red apples", "three blue balloons", "four pink flowers",
    "a black cat and a white cloud", "a green car above a red boat",
    "a brown house on a light blue background", "a small yellow sun", "a big gray moon",
    "a happy face on the left", "a red letter a to the right of a blue fish",
)  # fmt: skip


PARENT_PICTURES = 200
"""Drawings in which the codes of a new codebook look for those of the old that mean the same."""


class Progress(Protocol):
    """Told of every step: how many are done, of how many, and the loss where there is one."""

    def __call__(self, done: int, total: int, loss: float | None = None) -> None: ...


@dataclass(frozen=True)
class Run:
    """A recipe being carried out in a folder."""

    recipe: Recipe
    folder: Path
    steps: int
    guidance: float
    device: torch.device = CPU
    start: Checkpoint | None = None

    def bar(self, title: str) -> Progress:
        """A progress line with loss and time left, begun where a resumed run stands; rank 0 alone speaks."""
        bars: list[tqdm] = []

        def show(done: int, total: int, loss: float | None = None) -> None:
            if not bars:
                silent = rank_and_world()[0] > 0
                bars.append(tqdm(desc=title, total=total, initial=done - 1, disable=silent, smoothing=0.05))
            if loss is not None:
                bars[0].set_postfix(loss=f"{loss:.3f}", refresh=False)
            bars[0].update(done - bars[0].n)
            if done == total:
                bars[0].close()

        return show


def guard(run: Run) -> None:
    """Rank 0 remembers the recipe in the run's folder; RequestError if the folder belongs to another one."""
    if rank_and_world()[0] > 0:
        return
    file = run.folder / "recipe.json"
    mine = json.dumps(run.recipe.to_dict(), indent=1)
    if file.exists() and json.loads(file.read_text()) != json.loads(mine):
        raise RequestError(f"{file} is of another recipe: choose another --out, or remove {run.folder}")
    run.folder.mkdir(parents=True, exist_ok=True)
    write_text(file, mine)


def stage_data(run: Run, stage: Stage, vq: Vq) -> dict[int, StickerTokens]:
    """Token grids of each size of a stage. Stages share folders: a larger set extends a smaller one."""
    data = {}
    for side in sorted(set(stage.sides)):
        pictures = PictureSet(run.recipe.vocabulary, side, stage.simple, run.recipe.seed)
        folder = run.folder / f"tokens_{side}{'_simple' if stage.simple else ''}"
        data[side] = token_set(folder, vq, pictures, stage.pictures, run.bar(f"{side} px"))
    return data


def on_cpu(part: Any) -> Any:
    """A copy of a module for drawing."""
    return deepcopy(part).to("cpu").eval()


def assemble(
    run: Run,
    vq: Vq,
    tokenizer: CLIPTokenizer,
    text_encoder: CLIPTextModelWithProjection,
    transformer: MaskedTransformer,
    side: int,
) -> Checkpoint:
    """Copies of the parts on the CPU as a checkpoint of `side` px pictures."""
    return Checkpoint(
        transformer=on_cpu(transformer),
        vqvae=on_cpu(vq),
        text_encoder=on_cpu(text_encoder),
        tokenizer=tokenizer,
        mask_token_id=transformer.config.vocab_size - 1,
        masking_schedule="cosine",
        defaults=Defaults((side, side), run.steps, run.guidance),
        name="stickers",
    )


def draw_samples(checkpoint: Checkpoint, file: Path) -> None:
    """A grid of pictures of SAMPLE_PROMPTS, 1024 px wide."""
    result = Pipeline(checkpoint).text_to_image(list(SAMPLE_PROMPTS), seed=0)
    width, height = checkpoint.defaults.size
    grid = Image.new("RGB", (8 * width, 2 * height))
    for index, image in enumerate(result.images):
        grid.paste(image, (index % 8 * width, index // 8 * height))
    with atomic_file(file) as opened:
        grid.resize((1024, 256), Image.Resampling.NEAREST).save(opened, format="PNG")


def draw_curves(run: Run) -> None:
    """Losses of the VQ and of every stage so far."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    if run.recipe.vq.steps:
        left.semilogy(*zip(*read_meta(run.folder / "vq.safetensors")["curve"], strict=True), linewidth=0.8)
    left.set(title="VQ", xlabel="step", ylabel="loss (L1 + MSE + edges + commitment)")
    start = 0
    for stage in run.recipe.stages:
        file = run.folder / f"{stage.name}.safetensors"
        if file.exists():
            curve = read_meta(file)["curve"]
            right.plot([start + s for s, _ in curve], [v for _, v in curve], linewidth=0.8, label=stage.name)
            start += stage.steps
    right.set(title="masked image modelling", xlabel="step", ylabel="cross-entropy of masked tokens (nats)")
    right.legend()
    figure.savefig(run.folder / "curves.png", dpi=110)
    plt.close(figure)


def report_quality(run: Run, vq: Vq, stage: str) -> None:
    """Measure once how well the VQ reconstructs drawings it never saw; write `stage`_quality.json."""
    file = run.folder / f"{stage}_quality.json"
    if file.exists():
        return
    quality, codes = held_out_quality(vq, run.recipe.vq)
    of = len(vq.quantize.embedding.weight)
    tqdm.write(f"VQ: {quality:.1f} dB on held-out stickers, {codes} of {of} codes in use")
    report = {"psnr_db": round(quality, 2), "side": run.recipe.vq.side, "codes_in_use": codes}
    file.write_text(json.dumps(report) + "\n")


def begin(run: Run, vq: Vq) -> tuple[CLIPTokenizer, CLIPTextModelWithProjection, MaskedTransformer]:
    """Tokenizer, text encoder and transformer as the first stage finds them: new, or grown from `start`.

    A VQ that was not trained has the codes of `start`.
    """
    recipe = run.recipe
    captions = sample_captions(recipe.captions, recipe.seed, recipe.vocabulary)
    seed_all(recipe.seed)
    if run.start:
        tokenizer = with_new_words(run.start.tokenizer, captions)
        text_encoder = with_rows_for_new_words(run.start.text_encoder, run.start.tokenizer, tokenizer)
        transformer = run.start.transformer
        if recipe.vq.steps:
            known = PictureSet(FLAT, run.start.defaults.size[0], simple=False, seed=recipe.seed)
            drawings = to_tensor([captioned_picture(known, index)[0] for index in range(PARENT_PICTURES)])
            transformer = with_codes_of(transformer, code_parents(run.start.vqvae, on_cpu(vq), drawings))
    else:
        assert recipe.transformer
        tokenizer = build_tokenizer(captions)
        transformer = MaskedTransformer(recipe.transformer)
        initialise(transformer)
        text_encoder = build_text_encoder(tokenizer, recipe.text_width, transformer.config.inner_dim)
    return tokenizer, text_encoder.requires_grad_(True), transformer.requires_grad_(True)


def finished_vq(run: Run) -> Vq:
    """The VQ of the recipe; one without steps keeps that of the checkpoint it continues."""
    start = run.start.vqvae if run.start else None
    if start and not run.recipe.vq.steps:
        return deepcopy(start).requires_grad_(True)
    return train_vq(run.recipe.vq, run.folder, run.bar("vq"), start, run.device).vq.eval()


def train(run: Run) -> Checkpoint:
    """Carry out the whole recipe, resuming whatever the folder already holds."""
    guard(run)
    wait_for_all()
    recipe = run.recipe
    first = rank_and_world()[0] == 0
    vq = finished_vq(run)
    if first:
        report_quality(run, vq, "vq")
    tokenizer, text_encoder, transformer = begin(run, vq)
    text_encoder.to(run.device)  # type: ignore[arg-type]  # the stub binds the wrong class
    for number, stage in enumerate(recipe.stages):
        if stage.compression and not transformer.config.downsample:
            transformer = with_compression(transformer)
        modelling = MaskedModelling(
            stage,
            stage_data(run, stage, vq),
            tokenizer,
            text_encoder,
            transformer.to(run.device),
            recipe.seed + number,
            run.folder / f"{stage.name}.safetensors",
        )
        samples = run.folder / f"samples_{stage.name}.png"
        modelling.run(run.bar(stage.name))
        if first and not samples.exists():
            draw_samples(assemble(run, vq, tokenizer, text_encoder, transformer, stage.side), samples)
            draw_curves(run)
    if recipe.vq.decoder_steps:
        tune_decoder(vq, recipe.vq, run.folder, run.bar("decoder"), run.device)
        if first:
            report_quality(run, vq, "decoder")
    return assemble(run, vq, tokenizer, text_encoder, transformer, recipe.vq.side)


def command_line() -> None:
    """`python -m reference.train`."""
    parser = Parser(
        prog="python -m reference.train",
        description="Train the sticker checkpoint: VQ, tokenizer, masked transformer with its text encoder.",
        epilog="examples:\n"
        "  python -m reference.train --publish build/stickers-64    64 px; start again to resume\n"
        "  python -m reference.train --recipe stickers --checkpoint build/stickers-64 --out runs/128\n"
        "                                                           the shipped ones, of 64 and 128 px\n"
        "  python -m reference.train --recipe stickers-shaded --checkpoint reference/checkpoints/stickers\n"
        "                                                           the shaded ones\n"
        "  torchrun --nproc-per-node 2 -m reference.train           the batch shared by two processes",
    )
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="stickers-64", help="%(default)s")
    parser.add_argument("--checkpoint", metavar="DIR|ID", help="checkpoint that the recipe continues")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/stickers"), help="where the run lives (%(default)s)"
    )
    parser.add_argument("--publish", type=Path, help="write the finished checkpoint there, fp16")
    parser.add_argument("--overwrite", action="store_true", help="--publish replaces an existing checkpoint")
    parser.add_argument("--steps", type=int, default=16, help="default drawing steps of the checkpoint")
    parser.add_argument("--guidance", type=float, default=2.0, help="default guidance of the checkpoint")
    arguments = parser.parse_args()
    check_range("steps", arguments.steps, 1, 1000)
    check_range("guidance", arguments.guidance, 0, 100)
    check_output_folder(arguments.out)
    if arguments.publish:
        check_output_folder(arguments.publish, "--publish")
        check_replaceable(arguments.publish, arguments.overwrite)
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    try:
        recipe = RECIPES[arguments.recipe]
        if arguments.checkpoint and not recipe.continues:
            raise RequestError(f"the recipe {arguments.recipe} starts from nothing: leave out --checkpoint")
        if recipe.continues and not arguments.checkpoint:
            raise RequestError(f"the recipe {arguments.recipe} continues another: add --checkpoint DIR")
        start = load_checkpoint(arguments.checkpoint) if recipe.continues else None
        run = Run(recipe, arguments.out, arguments.steps, arguments.guidance, training_device(), start)
        checkpoint = train(run)
        if arguments.publish and rank_and_world()[0] == 0:
            save_checkpoint(checkpoint, arguments.publish, torch.float16, arguments.overwrite)
            print(f"wrote {arguments.publish}")
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
