"""What the prompt-following score asks: prompts of the caption grammar in six categories after GenEval
(Ghosh et al. 2023), each with the facts that a picture of it must show.

    one object    the subject is there
    two objects   both subjects are there ("a red cat and a blue fish"), in any colour
    colour        the subject is there in its colour, which the prompt names
    position      both subjects are there, one left of, right of, above or below the other as said: their
                  centres at least a tenth of the side apart that way, and more than the other way
    counting      exactly as many objects as said, every one of them the subject
    attribute     half "worn": the subject is there with hat and glasses as said, without what is not said;
                  half "binding": both subjects of a pair are there, each in its own of two colours

Where a subject is there more than once, the detection the judge is surest of is the one that is asked.
Apart from counting, further objects do no harm, as in GenEval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reference.stickers.captions import describe, names_of
from reference.stickers.detector import Detection, Detector
from reference.stickers.draw import draw
from reference.stickers.scene import FLAT, Scene, Sticker, Vocabulary, sample_scene

CATEGORIES = ("one object", "two objects", "colour", "position", "counting", "attribute")
PARTS = ("worn", "binding")
PROMPTS, DRAWINGS = 60_601, 60_602  # begin the seeds of prompts and of their drawings, used nowhere else
APART = 0.1


@dataclass(frozen=True)
class Wanted:
    """An object that must be there; None: not asked."""

    subject: str
    colour: str | None = None
    hat: bool | None = None
    glasses: bool | None = None

    def fits(self, found: Detection) -> bool:
        """Whether a detection has every fact that is asked."""
        facts = ("subject", "colour", "hat", "glasses")
        return all(getattr(self, fact) in (None, getattr(found, fact)) for fact in facts)


@dataclass(frozen=True)
class Expected:
    """The facts of a picture: objects, the first's relation to the second, the exact number of objects."""

    objects: tuple[Wanted, ...]
    relation: str | None = None
    count: int | None = None

    def shown_by(self, found: Sequence[Detection]) -> bool:
        """Whether the detections, most confident first, say so."""
        if self.count is not None:
            return len(found) == self.count and all(self.objects[0].fits(one) for one in found)
        named = []
        for wanted in self.objects:
            surest = next((one for one in found if one.subject == wanted.subject), None)
            if surest is None or not wanted.fits(surest):
                return False
            named.append(surest)
        return self.relation is None or holds(self.relation, *named)


def holds(relation: str, first: Detection, second: Detection) -> bool:
    """Whether `first` is "left of", "right of", "above" or "below" `second`."""
    right, down = first.x - second.x, first.y - second.y
    along, across = {
        "left of": (-right, down),
        "right of": (right, down),
        "above": (-down, right),
        "below": (down, right),
    }[relation]
    return along >= APART and along > abs(across)


@dataclass(frozen=True)
class Task:
    """A prompt and what is expected of its picture. `part` names the half of its category, if it has halves;
    `scene` is one that it describes, `number` the seed of that scene's drawing."""

    prompt: str
    category: str
    part: str
    expected: Expected
    scene: Scene
    number: int

    def drawing(self, side: int) -> np.ndarray:
        """The scene drawn instead of generated, u8 [side, side, 3]: what the judge must pass."""
        return draw(self.scene, side, np.random.default_rng([DRAWINGS, self.number]))


def wears(scene: Scene) -> bool:
    """Whether anything in a scene has a hat or glasses."""
    return any(sticker.hat or sticker.glasses for sticker in scene.stickers)


SUITS: dict[str, Callable[[Scene], bool]] = {
    "one object": lambda scene: scene.kind == "single" and not wears(scene),
    "two objects": lambda scene: scene.relation == "beside",
    "colour": lambda scene: scene.kind == "single" and not wears(scene),
    "position": lambda scene: scene.kind == "pair" and scene.relation != "beside",
    "counting": lambda scene: scene.kind == "count",
    "worn": wears,
    "binding": lambda scene: scene.kind == "pair" and scene.stickers[0].colour != scene.stickers[1].colour,
}
"""Which scenes give prompts of a category, or of a part of one."""


def expected_of(question: str, scene: Scene) -> Expected:
    """The facts that a category (or a part of one) asks of a scene."""
    stickers = scene.stickers
    if question == "counting":
        return Expected((Wanted(stickers[0].subject),), count=len(stickers))
    if question == "worn":
        return Expected((Wanted(stickers[0].subject, hat=stickers[0].hat, glasses=stickers[0].glasses),))
    if question in ("colour", "binding"):
        return Expected(tuple(Wanted(sticker.subject, sticker.colour) for sticker in stickers))
    relation = scene.relation if question == "position" else None
    return Expected(tuple(Wanted(sticker.subject) for sticker in stickers), relation)


def names_colour(caption: str, sticker: Sticker) -> bool:
    """Whether a caption says the colour of `sticker`, and not only that of a background."""
    colours = ("gray", "grey") if sticker.colour == "gray" else (sticker.colour,)
    return any(f"{colour} {name}" in caption for colour in colours for name in names_of(sticker.subject))


def prompt_set(
    count: int = 60, seed: int = 0, held_out: bool = False, vocabulary: Vocabulary = FLAT
) -> list[Task]:
    """`count` tasks of each category, the categories in order; the same arguments give the same tasks.

    `held_out` asks only for (subject, colour) pairs that the generator's training never drew, and names them.
    """
    tasks: list[Task] = []
    for row, category in enumerate(CATEGORIES):
        for index in range(count):
            part = PARTS[index % 2] if category == "attribute" else ""
            question = part or category
            rng = np.random.default_rng([PROMPTS, seed, held_out, row, index])
            must_name = held_out or category == "colour"
            while True:
                scene = sample_scene(rng, held_out, vocabulary=vocabulary)
                caption = describe(scene, rng)
                named = scene.kind != "single" or names_colour(caption, scene.stickers[0])
                if SUITS[question](scene) and (named or not must_name):
                    break
            facts = expected_of(question, scene)
            tasks.append(Task(caption, category, part, facts, scene, len(tasks)))
    return tasks


@dataclass(frozen=True)
class Scores:
    """The judge's verdict on the pictures of tasks; shares in [0, 1]."""

    passed: list[bool]
    detections: list[list[Detection]]
    categories: dict[str, float]
    parts: dict[str, float]
    """Of "worn" and "binding", the halves of "attribute"."""

    @property
    def overall(self) -> float:
        """The mean of the categories."""
        return sum(self.categories.values()) / len(self.categories)


def judge_pictures(judge: Detector, tasks: Sequence[Task], images: np.ndarray) -> Scores:
    """Whether images u8 [n, h, w, 3] show what the n tasks ask.

    Categories without a task are left out. Raises RequestError for another kind of array.
    """
    found = judge.detect(images)
    passed = [task.expected.shown_by(seen) for task, seen in zip(tasks, found, strict=True)]
    categories: dict[str, list[bool]] = {name: [] for name in CATEGORIES}
    parts: dict[str, list[bool]] = {name: [] for name in PARTS}
    for task, ok in zip(tasks, passed, strict=True):
        categories[task.category].append(ok)
        if task.part:
            parts[task.part].append(ok)
    return Scores(passed, found, shares(categories), shares(parts))


def shares(verdicts: dict[str, list[bool]]) -> dict[str, float]:
    """The share that passed under each name that has any."""
    return {name: sum(passed) / len(passed) for name, passed in verdicts.items() if passed}
