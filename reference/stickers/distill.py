"""Train a one-step student of a sticker checkpoint from its captions alone: `python -m reference.distill`.

On-policy distillation of token distributions (Di[M]O, arXiv 2503.15457). The student draws pictures x in one
pass from the start that the runtimes use. Some of their tokens are masked, x -> x', as in the teacher's
training. At the masked positions an auxiliary model learns what the student draws, and the student is pushed
from the auxiliary's distribution q(. | x') to the guided teacher's p(. | x'):

    start --student--> logits z --draw--> x --mask--> x' --teacher--> p
                           ^                          '--auxiliary--> q   (cross-entropy with x)
                           '----------- q - p, the gradient of KL(p || q) by the auxiliary's logits

Teacher, student and auxiliary begin with the same weights. The text encoder stays the teacher's.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from reference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from reference.checkpoint_files import check_replaceable
from reference.component_configs import StudentConfig
from reference.errors import Parser, RequestError
from reference.pipeline import Conditions
from reference.publishing import check_output_folder
from reference.request import AESTHETIC_SCORE, check_range
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
    """What decides the result, so that a run of another recipe is not gone on with."""

    teacher: str  # SHA-256
    masked: float = 0.6  # share of the start, as the published student
    steps: int = 2000
    batch: int = 16
    learning_rate: float = 1e-4
    guidance: float = 2.0  # of the teacher
    seed: int = 0


class Distillation:
    """A resumable run. Its random numbers depend on the seed and the step alone."""

    def __init__(self, teacher: Checkpoint, recipe: Recipe, file: Path, captions: list[str]) -> None:
        """Goes on with the snapshot `file` if it exists. Raises RequestError if that is of another recipe."""
        self.teacher, self.recipe, self.file, self.captions = teacher, recipe, file, captions
        teacher.transformer.requires_grad_(False)
        self.student = deepcopy(teacher.transformer).requires_grad_(True)
        self.auxiliary = deepcopy(self.student)
        self.modules = {"student": self.student, "auxiliary": self.auxiliary}
        parameters = [p for module in self.modules.values() for p in module.parameters()]
        self.optimizer = torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, betas=(0.0, 0.99), weight_decay=0.0, fused=True
        )
        self.step, self.curve = 0, list[tuple[int, float]]()
        if file.exists():
            meta = load_snapshot(file, dict(self.modules), self.optimizer)
            if meta["recipe"] != vars(replace(recipe, steps=meta["recipe"]["steps"])):
                raise RequestError(
                    f"{file} is of another recipe: choose another --out, or remove {file.parent}"
                )
            self.step, self.curve = meta["step"], [tuple(point) for point in meta["curve"]]

    def save(self) -> None:
        meta = {"recipe": vars(self.recipe), "step": self.step, "curve": self.curve}
        save_snapshot(self.file, dict(self.modules), self.optimizer, meta)

    def conditions(self, captions: list[str]) -> Conditions:
        """Rows [negative..., prompt...] of the captions, as the teacher draws with guidance."""
        size, checkpoint = self.teacher.defaults.size, self.teacher
        hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["", *captions])
        order = torch.tensor([0] * len(captions) + list(range(1, len(captions) + 1)))
        micro = torch.tensor([[*size, 0, 0, AESTHETIC_SCORE]] * len(order)).float()
        return Conditions(hidden[order], pooled[order], micro, self.recipe.guidance)

    def advance(self) -> float:
        """One step of student and auxiliary; the mean KL(p || q) in nats at the masked positions."""
        recipe, mask = self.recipe, self.teacher.mask_token_id
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step)
        seed_all(recipe.seed * 1_000_003 + self.step)
        rows = torch.randint(len(self.captions), (recipe.batch,), generator=generator).tolist()
        with torch.no_grad():
            conditions = self.conditions([self.captions[row] for row in rows])
        prompts = conditions.of_prompts(recipe.batch)
        z = self.logits(self.student, self.start(generator), prompts, torch.zeros(1))
        drawn = torch.multinomial(z.detach().softmax(-1).flatten(0, 1), 1, generator=generator)
        width, height = (side // self.teacher.token_size for side in self.teacher.defaults.size)
        seen = mask_batch(drawn.view(recipe.batch, height, width), mask, generator)
        masked = seen.masked.flatten(1)
        with torch.no_grad():
            tokens, timestep = seen.tokens.repeat(2, 1, 1), seen.timestep.repeat(2)
            without, prompted = self.logits(self.teacher.transformer, tokens, conditions, timestep).chunk(2)
            guided = without + recipe.guidance * (prompted - without)
            p = guided[masked].log_softmax(-1)
        of_auxiliary = self.logits(self.auxiliary, seen.tokens, prompts, seen.timestep)[masked]
        q = of_auxiliary.detach().log_softmax(-1)
        towards = (q.exp() - p.exp()) / len(q)
        loss = (towards * z[masked]).sum() + F.cross_entropy(of_auxiliary, drawn.view_as(masked)[masked])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for module in self.modules.values():
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        divergence = float((p.exp() * (p - q)).sum(-1).mean())
        self.curve.append((self.step, divergence))
        return divergence

    def start(self, generator: torch.Generator) -> Tensor:
        """The student's random starts, i64 [B, H, W]."""
        width, height = (side // self.teacher.token_size for side in self.teacher.defaults.size)
        blank = torch.full((self.recipe.batch, height, width), self.teacher.mask_token_id)
        uniforms = torch.rand(2, self.recipe.batch, height * width, generator=generator)
        config, codes = StudentConfig(self.recipe.masked), self.teacher.transformer.config.codebook_size
        return random_start(blank, uniforms, config, self.teacher.mask_token_id, codes)

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
        return replace(
            self.teacher,
            transformer=self.student.eval(),
            student=StudentConfig(masked=self.recipe.masked),
            defaults=replace(self.teacher.defaults, steps=1, guidance=1.0),
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
    add("--batch", type=int, default=Recipe.batch, help="pictures a step (%(default)s)")
    add("--guidance", type=float, help="of the teacher; default: its own")
    given = parser.parse_args()
    check_range("steps", given.steps, 1, 10**7)
    check_range("batch", given.batch, 1, 4096)
    check_output_folder(given.out)
    if given.publish:
        check_output_folder(given.publish, "--publish")
        check_replaceable(given.publish, given.overwrite)
    teacher = load_checkpoint(given.checkpoint)
    guidance = teacher.defaults.guidance if given.guidance is None else given.guidance
    check_range("guidance", guidance, 0, 100)
    recipe = Recipe(teacher.sha256, steps=given.steps, batch=given.batch, guidance=guidance)
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
