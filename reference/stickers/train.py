"""Train a sticker checkpoint from nothing: VQ, tokenizer, then the paper's stages of masked image modelling.

    runs/stickers/          vq.safetensors, NAME.npz and NAME.safetensors a stage (all resumable), curves.png,
                            samples_NAME.png
    --publish DIR           the finished checkpoint, diffusers layout, fp16 safetensors

Stages after the paper: low resolution, captions, full resolution with feature compression, fine-tune. The
text encoder is trained along from the start, since there is no CLIP to begin with.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.distributed as dist
from PIL import Image
from tqdm import tqdm
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from reference.checkpoint import Checkpoint, Defaults, save_checkpoint
from reference.checkpoint_files import check_replaceable
from reference.errors import Parser, RequestError
from reference.files import atomic_file, write_text
from reference.pipeline import Pipeline
from reference.publishing import check_output_folder
from reference.request import check_range
from reference.stickers.dataset import StickerTokens, build_tokens, load_or_build
from reference.stickers.masked_modelling import MaskedModelling, Stage, add_compression, initialise
from reference.stickers.snapshot import rank_and_world, read_meta, seed_all, wait_for_all
from reference.stickers.text import build_text_encoder, build_tokenizer, sample_captions
from reference.stickers.training_recipe import RECIPES, Recipe
from reference.stickers.vq import Vq, held_out_quality, train_vq
from reference.transformer import MaskedTransformer

SAMPLE_PROMPTS = (
    "a red heart", "a blue cat", "a yellow star", "a green tree", "a purple fish wearing glasses",
    "an orange cat wearing a hat", "two red apples", "three blue balloons", "four pink flowers",
    "a black cat and a white cloud", "a green car above a red boat",
    "a brown house on a light blue background", "a small yellow sun", "a big gray moon",
    "a happy face on the left", "a red letter a to the right of a blue fish",
)  # fmt: skip


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


def stage_data(run: Run, stage: Stage, vq: Vq) -> StickerTokens:
    """Token grids of a stage; rank 0 makes the file, the others wait for it."""
    file = run.folder / f"tokens_{stage.side}_{stage.pictures}{'_simple' if stage.simple else ''}.npz"
    show = run.bar(f"{stage.side} px")

    def build() -> StickerTokens:
        return build_tokens(vq, stage.pictures, stage.side, stage.simple, run.recipe.seed, show)

    if rank_and_world()[0] == 0:
        load_or_build(file, build)
    wait_for_all()
    return load_or_build(file, build)


def assemble(
    run: Run,
    vq: Vq,
    tokenizer: CLIPTokenizer,
    text_encoder: CLIPTextModelWithProjection,
    transformer: MaskedTransformer,
    side: int,
) -> Checkpoint:
    """The parts as a checkpoint of `side` px pictures."""
    return Checkpoint(
        transformer=transformer.eval(),
        vqvae=vq.eval(),
        text_encoder=text_encoder.eval(),
        tokenizer=tokenizer,
        mask_token_id=transformer.config.vocab_size - 1,
        masking_schedule="cosine",
        defaults=Defaults((side, side), run.steps, run.guidance),
        name="stickers",
    )


def draw_samples(checkpoint: Checkpoint, file: Path) -> None:
    """A grid of pictures of SAMPLE_PROMPTS, four times enlarged."""
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
    steps, losses = zip(*read_meta(run.folder / "vq.safetensors")["curve"] or [(0, 0.0)], strict=True)
    left.semilogy(steps, losses, linewidth=0.8)
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


def train(run: Run) -> Checkpoint:
    """Carry out the whole recipe, resuming whatever the folder already holds."""
    guard(run)
    wait_for_all()
    recipe = run.recipe
    first = rank_and_world()[0] == 0
    vq = train_vq(recipe.vq, run.folder, run.bar("vq")).vq.eval()
    quality, codes = held_out_quality(vq, recipe.vq)
    if first:
        tqdm.write(f"VQ: {quality:.1f} dB on held-out stickers, {codes} of {recipe.vq.codes} codes in use")
    tokenizer = build_tokenizer(sample_captions(20_000, recipe.seed))
    seed_all(recipe.seed)
    transformer = MaskedTransformer(recipe.transformer)
    initialise(transformer)
    text_encoder = build_text_encoder(tokenizer, recipe.text_width, recipe.transformer.inner_dim)
    for number, stage in enumerate(recipe.stages):
        if stage.compression and not transformer.config.downsample:
            transformer = add_compression(transformer)
        data = stage_data(run, stage, vq)
        modelling = MaskedModelling(
            stage,
            data,
            tokenizer,
            text_encoder,
            transformer,
            recipe.seed + number,
            run.folder / f"{stage.name}.safetensors",
        )
        samples = run.folder / f"samples_{stage.name}.png"
        modelling.run(run.bar(stage.name))
        if first and not samples.exists():
            draw_samples(assemble(run, vq, tokenizer, text_encoder, transformer, stage.side), samples)
            draw_curves(run)
    return assemble(run, vq, tokenizer, text_encoder, transformer, recipe.vq.side)


def command_line() -> None:
    """`python -m reference.train`."""
    parser = Parser(
        prog="python -m reference.train",
        description="Train the sticker checkpoint: VQ, tokenizer, masked transformer with its text encoder.",
        epilog="examples:\n"
        "  python -m reference.train --publish build/stickers    the shipped recipe; start again to resume\n"
        "  torchrun --nproc-per-node 2 -m reference.train        the same, the batch shared by two processes",
    )
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="stickers")
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
        run = Run(RECIPES[arguments.recipe], arguments.out, arguments.steps, arguments.guidance)
        checkpoint = train(run)
        if arguments.publish and rank_and_world()[0] == 0:
            save_checkpoint(checkpoint, arguments.publish, torch.float16, arguments.overwrite)
            print(f"wrote {arguments.publish}")
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
