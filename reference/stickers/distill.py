"""Train a student that draws in one pass or two what a sticker checkpoint draws in many, from captions alone.

On-policy distillation of token distributions (Di[M]O, arXiv 2503.15457). The student draws pictures x in one
pass from the start that the runtimes use. Some of their tokens are masked, x -> x', as in the teacher's
training. At the masked positions an auxiliary model learns what the student draws, and the student is pushed
from the auxiliary's distribution q(. | x') to the guided teacher's p(. | x'):

    start --student--> logits z --draw--> x --mask--> x' --teacher--> p
                           ^                          '--auxiliary--> q   (cross-entropy with x)
                           '----------- q - p, the gradient of KL(p || q) by the auxiliary's logits

Half of the pictures are drawn in two passes, unlike the paper's: the second one redraws what the loop masks
after the first, and only its tokens are pushed. Teacher, student and auxiliary begin with the same weights.
The published student is the average of its weights over the last steps. The text encoder stays the teacher's.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from reference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from reference.checkpoint_files import check_replaceable
from reference.component_configs import StudentConfig
from reference.errors import Parser, RequestError
from reference.image import check_size
from reference.noise import TorchNoise
from reference.pipeline import Conditions
from reference.publishing import check_output_folder
from reference.request import AESTHETIC_SCORE, check_range
from reference.schedule import mask_length, remask, temperatures
from reference.stickers.device import mixed_precision
from reference.stickers.masked_modelling import mask_batch
from reference.stickers.snapshot import SaveTimer, load_snapshot, save_snapshot, seed_all
from reference.stickers.text import sample_captions
from reference.student import random_start
from reference.text import encode_text

CAPTIONS = 20_000
SNAPSHOT = "student.safetensors"


@dataclass(frozen=True)
class Recipe:
    """What decides the result, so that a run of another recipe is not gone on with.

    A run may go on for more steps, and at another size: small pictures first are cheaper.
    """

    teacher: str  # SHA-256
    size: tuple[int, int]  # pixels, width and height
    masked: float = 0.6  # share of the start, as the published student
    steps: int = 2000
    batch: int = 8  # captions a step, each drawn in one pass and in two
    learning_rate: float = 3e-4
    average: float = 0.998  # share of the averaged weights that a step keeps
    guidance: float = 2.0  # of the teacher
    seed: int = 0


@dataclass(frozen=True)
class Drawing:
    """What a student drew: tokens i64 [B, H, W], the logits [B, S, C] of the pass that drew each, and which
    tokens, bool [B, S], the last pass drew."""

    tokens: Tensor
    logits: Tensor
    last: Tensor


class Distillation:
    """A resumable run. Its random numbers depend on the seed and the step alone."""

    def __init__(self, teacher: Checkpoint, recipe: Recipe, file: Path, captions: list[str]) -> None:
        """Goes on with the snapshot `file` if it exists. Raises RequestError if that is of another recipe."""
        self.teacher, self.recipe, self.file, self.captions = teacher, recipe, file, captions
        teacher.transformer.requires_grad_(False)
        self.student = deepcopy(teacher.transformer).requires_grad_(True)
        self.auxiliary = deepcopy(self.student)
        self.average = AveragedModel(self.student, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
        self.trained = [self.student, self.auxiliary]
        self.modules = {"student": self.student, "auxiliary": self.auxiliary, "average": self.average}
        parameters = [p for module in self.trained for p in module.parameters()]
        self.optimizer = torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, betas=(0.0, 0.99), weight_decay=0.0, fused=True
        )
        self.step, self.curve = 0, list[tuple[int, float]]()
        if file.exists():
            meta = load_snapshot(file, self.modules, {"optimizer": self.optimizer})
            if meta["recipe"] | {"steps": recipe.steps, "size": list(recipe.size)} != self.stored_recipe():
                raise RequestError(
                    f"{file} is of another recipe: choose another --out, or remove {file.parent}"
                )
            self.step, self.curve = meta["step"], [tuple(point) for point in meta["curve"]]
            if self.step > recipe.steps:
                raise RequestError(
                    f"{file} has {self.step} steps: give --steps {self.step} or more, or another --out"
                )

    def stored_recipe(self) -> dict[str, Any]:
        """The recipe as JSON gives it back."""
        return vars(self.recipe) | {"size": list(self.recipe.size)}

    def save(self) -> None:
        meta = {"recipe": self.stored_recipe(), "step": self.step, "curve": self.curve}
        save_snapshot(self.file, self.modules, {"optimizer": self.optimizer}, meta)

    def conditions(self, captions: list[str]) -> Conditions:
        """Rows [negative..., prompt...] of the captions, as the teacher draws with guidance."""
        checkpoint = self.teacher
        hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["", *captions])
        order = torch.tensor([0] * len(captions) + list(range(1, len(captions) + 1)))
        micro = torch.tensor([[*self.recipe.size, 0, 0, AESTHETIC_SCORE]] * len(order)).float()
        return Conditions(hidden[order], pooled[order], micro, self.recipe.guidance)

    def advance(self) -> float:
        """One step of student and auxiliary; the mean KL(p || q) in nats at the masked positions."""
        recipe, mask = self.recipe, self.teacher.mask_token_id
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step)
        seed_all(recipe.seed * 1_000_003 + self.step)
        rows = torch.randint(len(self.captions), (recipe.batch,), generator=generator).tolist()
        with torch.no_grad():
            conditions = self.conditions([self.captions[row] for row in [*rows, *rows]])
        drawing = self.draw(conditions.of_prompts(recipe.batch), TorchNoise(generator))
        seen = mask_batch(drawing.tokens, mask, generator)
        with torch.no_grad():
            tokens, timestep = seen.tokens.repeat(2, 1, 1), seen.timestep.repeat(2)
            without, prompted = self.logits(self.teacher.transformer, tokens, conditions, timestep).chunk(2)
            p = (without + recipe.guidance * (prompted - without)).log_softmax(-1)
        prompts = conditions.of_prompts(2 * recipe.batch)
        of_auxiliary = self.logits(self.auxiliary, seen.tokens, prompts, seen.timestep)
        q = of_auxiliary.detach().log_softmax(-1)
        masked = seen.masked.flatten(1)
        pushed = masked & drawing.last
        towards = (q.exp() - p.exp())[pushed] / pushed.sum()
        known = F.cross_entropy(of_auxiliary[masked], drawing.tokens.flatten(1)[masked])
        loss = (towards * drawing.logits[pushed]).sum() + known
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for module in self.trained:
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.student)
        self.step += 1
        divergence = float((p.exp() * (p - q)).sum(-1)[masked].mean())
        self.curve.append((self.step, divergence))
        return divergence

    def draw(self, prompts: Conditions, noise: TorchNoise) -> Drawing:
        """Pictures of P prompts as the loop draws them: in one pass, then in two, so B = 2P."""
        mask, config = self.teacher.mask_token_id, StudentConfig(self.recipe.masked)
        prompt_count = len(prompts.text_hidden)
        width, height = (side // self.teacher.token_size for side in self.recipe.size)
        tokens = width * height
        blank = torch.full((prompt_count, height, width), mask)
        codes = self.teacher.transformer.config.codebook_size
        start = random_start(blank, noise.random_start(prompt_count, tokens), config, mask, codes)
        first = self.logits(self.student, start, prompts, torch.zeros(1))
        drawn, log_prob = noise.draw(first.detach(), 0)
        known = torch.zeros_like(drawn, dtype=torch.bool)
        lengths = [mask_length(0, 2, tokens, tokens)] * prompt_count
        masked = remask(log_prob, noise.gumbel(prompt_count, tokens, 0), temperatures(2)[0], known, lengths)
        second = self.logits(
            self.student, drawn.masked_fill(masked, mask).view_as(blank), prompts, torch.zeros(1)
        )
        redrawn = torch.where(masked, noise.draw(second.detach(), 1)[0], drawn)
        return Drawing(
            torch.cat([drawn, redrawn]).view(-1, height, width),
            torch.cat([first, second]),
            torch.cat([~known, masked]),
        )

    @staticmethod
    def logits(model: torch.nn.Module, tokens: Tensor, rows: Conditions, timestep: Tensor) -> Tensor:
        """[B, S, C] of tokens [B, H, W]."""
        with mixed_precision(tokens.device):
            found: Tensor = model(tokens, rows.text_hidden, rows.text_pooled, timestep, rows.micro_conditions)
        return found.float().flatten(2).transpose(1, 2)

    def run(self, progress: Callable[[int, float], None]) -> Checkpoint:
        """Train to the end, saving every few minutes; the student as a checkpoint."""
        due = SaveTimer()
        while self.step < self.recipe.steps:
            loss = self.advance()
            progress(self.step, loss)
            if self.step == self.recipe.steps or due():
                self.save()
        published = deepcopy(self.student).requires_grad_(False).eval()
        published.load_state_dict(self.average.module.state_dict())
        return replace(
            self.teacher,
            transformer=published,
            student=StudentConfig(masked=self.recipe.masked),
            defaults=replace(self.teacher.defaults, size=self.recipe.size, steps=1, guidance=1.0),
            files={},
        )


def command_line() -> None:
    """`python -m reference.distill`."""
    parser = Parser(
        prog="python -m reference.distill",
        description="Train a student that draws in one pass what a sticker checkpoint draws in many.",
        epilog="examples:\n"
        "  python -m reference.distill --publish build/student    start again to resume\n"
        "  python -m reference.distill --steps 200 --out runs/short\n"
        "  python -m reference.score --checkpoint build/student   then compare it with its teacher",
    )
    add = parser.add_argument
    add("--checkpoint", metavar="DIR|ID", help="the teacher; default: the shipped stickers")
    add("--out", type=Path, default=Path("runs/student"), help="where the run lives (%(default)s)")
    add("--publish", type=Path, metavar="DIR", help="write the finished student there, fp16")
    add("--overwrite", action="store_true", help="--publish replaces an existing checkpoint")
    add("--steps", type=int, default=Recipe.steps, help="of training (%(default)s)")
    add("--size", type=int, metavar="PX", help="pixels a side; default: the checkpoint's")
    add("--batch", type=int, default=Recipe.batch, help="captions a step, each drawn twice (%(default)s)")
    add("--guidance", type=float, help="of the teacher; default: its own")
    given = parser.parse_args()
    check_range("steps", given.steps, 1, 10**7)
    check_range("batch", given.batch, 1, 4096)
    check_output_folder(given.out)
    if given.publish:
        check_output_folder(given.publish, "--publish")
        check_replaceable(given.publish, given.overwrite)
        if given.publish.resolve() == given.out.resolve():
            raise RequestError(f"--publish {given.publish} is the folder of the run, --out: name another")
    teacher = load_checkpoint(given.checkpoint)
    if teacher.student:
        raise RequestError(f"{teacher.name} is a student itself: give its teacher with --checkpoint")
    guidance = teacher.defaults.guidance if given.guidance is None else given.guidance
    check_range("guidance", guidance, 0, 100)
    size = teacher.defaults.size if given.size is None else (given.size, given.size)
    check_size(size, teacher.token_size * teacher.compression, "--size")
    recipe = Recipe(teacher.sha256, size, steps=given.steps, batch=given.batch, guidance=guidance)
    given.out.mkdir(parents=True, exist_ok=True)
    captions = sample_captions(CAPTIONS, recipe.seed)
    run = Distillation(teacher, recipe, given.out / SNAPSHOT, captions)
    with tqdm(desc="student", total=recipe.steps, initial=run.step, unit="step", smoothing=0.05) as bar:

        def progress(step: int, loss: float) -> None:
            bar.set_postfix_str(f"KL {loss:.3f}", refresh=False)
            bar.update(step - bar.n)

        student = run.run(progress)
    if given.publish:
        save_checkpoint(student, given.publish, torch.float16, given.overwrite)
        print(f"wrote {given.publish}")
