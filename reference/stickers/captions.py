"""Describe a scene in words: a small grammar with paraphrases."""

import numpy as np

from reference.stickers.scene import PATTERNS, Scene, Sticker

PLURALS = {"fish": "fishes", "butterfly": "butterflies"}
NUMBERS = {2: "two", 3: "three", 4: "four"}
PREFIXES = ("", "", "", "", "a sticker of ", "a picture of ", "a drawing of ", "a cartoon of ")
SMALL = ("small", "tiny", "little")
BIG = ("big", "large", "huge")
PLACE_PHRASES = {
    "left": ("on the left", "at the left", "on the left side"),
    "right": ("on the right", "at the right", "on the right side"),
    "top": ("at the top", "on top", "at the upper side"),
    "bottom": ("at the bottom", "on the bottom", "at the lower side"),
}
RELATION_PHRASES = {
    "left of": ("to the left of", "left of", "on the left of"),
    "right of": ("to the right of", "right of", "on the right of"),
    "above": ("above", "over", "on top of"),
    "below": ("below", "under", "beneath"),
    "beside": ("and", "and", "next to", "beside"),
}
SCENERY_PHRASES = {
    "green hills": ("on green hills", "in front of green hills"),
    "night sky": ("in the night sky", "in front of the night sky"),
    "sea": ("at sea", "in front of the sea"),
}
SYNONYM = 0.3
"""Share of faces that are called emoji, and of words that are called text."""
COLOURLESS = 0.07
"""Share of single objects whose colour is left open, so that "a cat" is a prompt too."""


def _one_of(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _colour(name: str, rng: np.random.Generator) -> str:
    return "grey" if name == "gray" and rng.random() < 0.5 else name


def _article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def names_of(subject: str) -> tuple[str, ...]:
    """What a subject is called: its own name first."""
    if subject.endswith(" face"):
        return subject, subject.replace(" face", " emoji")
    if subject.startswith("word "):
        return subject, subject.replace("word ", "text ")
    return (subject,)


def _name(sticker: Sticker, scene: Scene, rng: np.random.Generator) -> str:
    names = names_of(sticker.subject)
    return names[scene.shaded and len(names) > 1 and rng.random() < SYNONYM]


def plural(name: str) -> str:
    """The plural of a subject's name."""
    first, _, last = name.partition(" ")
    if first in ("letter", "word", "text"):
        return f"{first}s {last}"
    return PLURALS.get(name, name + "s")


def _thing(sticker: Sticker, scene: Scene, rng: np.random.Generator) -> str:
    return _article(f"{_colour(sticker.colour, rng)} {_name(sticker, scene, rng)}")


def _worn(sticker: Sticker, rng: np.random.Generator) -> str:
    if sticker.hat and sticker.glasses:
        return _one_of(
            rng, (" wearing a hat and glasses", " with glasses and a hat", " with a hat and glasses")
        )
    if sticker.hat:
        return _one_of(rng, (" wearing a hat", " with a hat", " in a hat"))
    if sticker.glasses:
        return _one_of(rng, (" wearing glasses", " with glasses"))
    return ""


def _single(scene: Scene, rng: np.random.Generator) -> str:
    sticker = scene.stickers[0]
    words = [_name(sticker, scene, rng)]
    if rng.random() >= COLOURLESS:
        words.insert(0, _colour(sticker.colour, rng))
    if scene.size != "medium":
        words.insert(0, _one_of(rng, SMALL if scene.size == "small" else BIG))
    phrase = " ".join(words)
    phrase = phrase if rng.random() < 0.12 else f"one {phrase}" if rng.random() < 0.08 else _article(phrase)
    phrase += _worn(sticker, rng)
    if scene.place != "centre":
        phrase += " " + _one_of(rng, PLACE_PHRASES[scene.place])
    return phrase


def describe(scene: Scene, rng: np.random.Generator) -> str:
    """One of the captions of `scene`, lower case, at most 20 words."""
    if scene.kind == "single":
        phrase = _single(scene, rng)
    elif scene.kind == "pair":
        first, second = scene.stickers
        phrase = (
            f"{_thing(first, scene, rng)} {_one_of(rng, RELATION_PHRASES[scene.relation])}"
            f" {_thing(second, scene, rng)}"
        )
    else:
        sticker, number = scene.stickers[0], len(scene.stickers)
        colour = _colour(sticker.colour, rng)
        phrase = f"{NUMBERS[number]} {colour} {plural(_name(sticker, scene, rng))}"
    phrase += _background(scene, rng)
    return _one_of(rng, PREFIXES) + phrase


def _background(scene: Scene, rng: np.random.Generator) -> str:
    if scene.background in SCENERY_PHRASES:
        return " " + _one_of(rng, SCENERY_PHRASES[scene.background])
    if scene.background in PATTERNS:
        return f" on {scene.background}"
    background = ""
    if scene.background != "white" or rng.random() < 0.1:
        background = f" on a {scene.background} background"
        if scene.background != "white" and rng.random() < 0.25:
            background = f" on {scene.background}"
    return background
