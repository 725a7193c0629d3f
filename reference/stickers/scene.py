"""What a sticker picture shows, before it is drawn or described: the scene model and its sampling."""

from dataclasses import dataclass, replace

import numpy as np

SUBJECTS = (
    "happy face", "sad face", "cat", "fish", "house", "tree", "sun", "moon", "cloud", "star",
    "heart", "flower", "mushroom", "car", "boat", "apple", "balloon", "umbrella", "letter a", "letter t",
)  # fmt: skip
WEARERS = ("happy face", "sad face", "cat", "fish", "sun", "cloud", "star", "heart", "apple", "mushroom")
MORE_SUBJECTS = (
    "dog", "rabbit", "bird", "butterfly", "cupcake", "ice cream", "rocket", "robot", "crown", "ghost",
    "laughing face", "winking face", "surprised face", "angry face", "heart eyes face", "cool face",
    "word hi", "word wow", "word lol", "word ok", "word yes", "word no",
)  # fmt: skip
MORE_WEARERS = ("laughing face", "winking face", "dog", "bird", "robot", "ghost")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (222, 44, 44),
    "orange": (246, 138, 28),
    "yellow": (252, 216, 48),
    "green": (56, 168, 70),
    "blue": (48, 98, 220),
    "purple": (138, 66, 190),
    "pink": (252, 146, 190),
    "brown": (138, 88, 48),
    "black": (46, 46, 52),
    "white": (252, 252, 252),
    "gray": (150, 152, 158),
}
BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "light blue": (200, 228, 250),
    "light green": (208, 240, 204),
    "light yellow": (255, 245, 196),
    "light pink": (255, 222, 232),
    "light gray": (224, 226, 230),
}
PATTERNS: dict[str, tuple[str, str]] = {
    f"{colour} {pattern}": (colour, pattern)
    for pattern in ("stripes", "dots", "checks")
    for colour in BACKGROUNDS
    if colour != "white"
}
"""Names of patterned backgrounds: the plain colour, and the white pattern on it."""
SCENERIES = ("green hills", "night sky", "sea")
PLACES: dict[str, tuple[float, float]] = {
    "centre": (0.5, 0.5),
    "left": (0.27, 0.5),
    "right": (0.73, 0.5),
    "top": (0.5, 0.27),
    "bottom": (0.5, 0.73),
}
RADII = {"small": 0.18, "medium": 0.31, "big": 0.42}
RELATIONS = ("left of", "right of", "above", "below", "beside")
COUNT_LAYOUTS: dict[int, tuple[tuple[float, float], ...]] = {
    2: ((0.27, 0.5), (0.73, 0.5)),
    3: ((0.5, 0.27), (0.27, 0.73), (0.73, 0.73)),
    4: ((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)),
}
HATTED_DROP = 0.06
"""Fraction of the side by which shaded centred wearers of a hat are lower, so that the hat stays inside."""
STEADY_SCORE = 6.0
"""The score micro-condition of a drawing made with a steady hand; the published default too."""


@dataclass(frozen=True)
class Sticker:
    """One drawn thing. `x`, `y`: centre in fractions of the side; `radius`: half its size, likewise."""

    subject: str
    colour: str
    x: float
    y: float
    radius: float
    hat: bool = False
    glasses: bool = False


@dataclass(frozen=True)
class Scene:
    """A whole picture. `kind` names the caption family: single, pair or count.

    `wobble` is the unsteadiness of the hand in [0, 1]; `score` is what the model is told of it.
    """

    kind: str
    stickers: tuple[Sticker, ...]
    background: str = "white"
    place: str = "centre"
    size: str = "medium"
    relation: str = ""
    wobble: float = 0.0
    shaded: bool = False

    @property
    def score(self) -> float:
        return STEADY_SCORE - 2.0 * self.wobble


@dataclass(frozen=True)
class Vocabulary:
    """What scenes are made of, and whether they are drawn shaded.

    `backgrounds` are groups of equal weight; `white` is the share of scenes on plain white before that.
    """

    subjects: tuple[str, ...]
    wearers: tuple[str, ...]
    backgrounds: tuple[tuple[str, ...], ...]
    white: float
    shaded: bool


FLAT = Vocabulary(SUBJECTS, WEARERS, (tuple(BACKGROUNDS),), white=0.6, shaded=False)
"""What the 64 px checkpoint was trained on."""
SHADED = Vocabulary(
    SUBJECTS + MORE_SUBJECTS,
    WEARERS + MORE_WEARERS,
    (tuple(BACKGROUNDS), tuple(PATTERNS), SCENERIES),
    white=0.45,
    shaded=True,
)
"""More subjects, faces and words, patterns and sceneries, with soft shading."""
VOCABULARIES = {"flat": FLAT, "shaded": SHADED}


def is_held_out(subject: str, colour: str) -> bool:
    """True for the one colour of each subject that training never draws, one pair in eleven."""
    colours = list(COLOURS)
    return colours[(3 * SHADED.subjects.index(subject)) % len(colours)] == colour


def single(subject: str, colour: str, place: str = "centre", size: str = "medium", **wears: bool) -> Scene:
    """One object; off-centre ones are a little smaller so that they stay inside the picture."""
    x, y = PLACES[place]
    radius = RADII[size] if place == "centre" else 0.235
    return Scene("single", (Sticker(subject, colour, x, y, radius, **wears),), place=place, size=size)


def pair(first: tuple[str, str], second: tuple[str, str], relation: str) -> Scene:
    """Two objects given as (subject, colour); "beside" puts the first named on the left."""
    flipped = relation in ("right of", "below")
    vertical = relation in ("above", "below")
    ends = (PLACES["top"], PLACES["bottom"]) if vertical else (PLACES["left"], PLACES["right"])
    (x0, y0), (x1, y1) = reversed(ends) if flipped else ends
    stickers = (Sticker(*first, x0, y0, 0.225), Sticker(*second, x1, y1, 0.225))
    return Scene("pair", stickers, relation=relation)


def count(number: int, subject: str, colour: str) -> Scene:
    """`number` (2 to 4) equal objects in a fixed layout."""
    radius = 0.21 if number == 2 else 0.2
    stickers = tuple(Sticker(subject, colour, x, y, radius) for x, y in COUNT_LAYOUTS[number])
    return Scene("count", stickers)


def _pick(rng: np.random.Generator, options: tuple[str, ...] | list[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _thing(rng: np.random.Generator, subjects: tuple[str, ...], held_out: bool) -> tuple[str, str]:
    subject = _pick(rng, subjects)
    colours = [colour for colour in COLOURS if is_held_out(subject, colour) == held_out]
    return subject, _pick(rng, colours)


def pick_background(rng: np.random.Generator, vocabulary: Vocabulary) -> str:
    """One of the vocabulary's backgrounds, each group of them equally likely."""
    return _pick(rng, vocabulary.backgrounds[int(rng.integers(len(vocabulary.backgrounds)))])


def jittered(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same scene with each object moved and resized a little, as a hand would."""
    stickers = tuple(
        replace(
            sticker,
            x=sticker.x + rng.uniform(-0.025, 0.025),
            y=sticker.y + rng.uniform(-0.025, 0.025),
            radius=sticker.radius * rng.uniform(0.94, 1.04),
        )
        for sticker in scene.stickers
    )
    return replace(scene, stickers=stickers)


def sample_scene(
    rng: np.random.Generator, held_out: bool = False, simple: bool = False, vocabulary: Vocabulary = FLAT
) -> Scene:
    """A random scene: 45 % one object, 32 % two, 23 % several equal ones.

    `held_out` draws only (subject, colour) pairs that training never sees; `simple` keeps to one
    centred object on white (the first training stage).
    """
    subjects = vocabulary.subjects
    family = 0.0 if simple else rng.random()
    if family < 0.45:
        style = 1.0 if simple else rng.random()
        wears = style < 0.36
        subject, colour = _thing(rng, vocabulary.wearers if wears else subjects, held_out)
        place = _pick(rng, list(PLACES)[1:]) if 0.36 <= style < 0.62 else "centre"
        size = _pick(rng, ("small", "big")) if 0.62 <= style < 0.76 else "medium"
        worn = rng.integers(1, 4) if wears else 0
        if worn == 3 and rng.random() < 0.5:  # both at once is the rarer case
            worn = rng.integers(1, 3)
        scene = single(subject, colour, place, size, hat=bool(worn & 1), glasses=bool(worn & 2))
        if vocabulary.shaded and worn & 1:
            (sticker,) = scene.stickers
            scene = replace(scene, stickers=(replace(sticker, y=sticker.y + HATTED_DROP),))
    elif family < 0.77:
        first = _thing(rng, subjects, held_out)
        second = _thing(rng, tuple(s for s in subjects if s != first[0]), held_out)
        scene = pair(first, second, _pick(rng, RELATIONS))
    else:
        scene = count(int(rng.integers(2, 5)), *_thing(rng, subjects, held_out))
    white = simple or rng.random() < vocabulary.white
    background = "white" if white else pick_background(rng, vocabulary)
    wobble = float(rng.uniform(0, 0.25) if rng.random() < 0.8 else rng.uniform(0.25, 1.0))
    scene = replace(scene, background=background, wobble=wobble, shaded=vocabulary.shaded)
    return jittered(scene, rng)
