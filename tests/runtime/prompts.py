"""Random prompts for the tokenizer: everything that a person, a paste or an attacker might type."""

import random
import unicodedata
from functools import cache

_TEXT = """
a the cat dog red green sticker of with hat don't it's we'll they've I'm o'clock HELLO World ca there being
naïve café Ångström straße İstanbul ΟΔΟΣ σίσυφος Москва 東京 안녕하세요 ไทย नमस्ते
שלום مرحبا ﷺ ½ Ⅷ ¼ ²³ 12 1234.5
<|startoftext|> <|endoftext|> <|EndOfText|> <|startoftext|>> ! !! ?! don’t … — 👍🏽 👩‍👩‍👧 🇫🇷 ﬁ ǆ Ω Å ſ
"""
WORDS = _TEXT.split()
GLUE = [
    "",
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\x00",
    "\x1c",
]
BLOCKS = [
    (0x00, 0x20), (0x20, 0x7F), (0x7F, 0xA0), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x400), (0x400, 0x530),
    (0x590, 0x700), (0x900, 0xE80), (0x1100, 0x1200), (0x1D00, 0x2000), (0x2000, 0x2070), (0x20D0, 0x2100),
    (0x2100, 0x2200), (0x3040, 0x3130), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xE000, 0xE010),
    (0xFB00, 0xFE10), (0xFE00, 0xFFFE), (0x1F300, 0x1FAF0), (0x20000, 0x20100),
    (0x2F800, 0x2FA1E), (0xE0100, 0xE01F0),
]  # fmt: skip


@cache
def block(first: int, last: int) -> list[str]:
    """The characters of a range: every code point but the surrogates, which are no text."""
    return [chr(code) for code in range(first, last) if not 0xD800 <= code < 0xE000]


def prompts(rng: random.Random, count: int) -> list[str]:
    return [_prompt(rng) for _ in range(count)]


def _prompt(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.02:  # one very long word
        return "".join(rng.choices("abcdethingoACR", k=rng.randrange(200, 3000)))
    if kind < 0.04:  # a letter under a heap of marks
        return "e" + "".join(rng.choices(block(0x300, 0x370), k=rng.randrange(1, 60)))
    parts = []
    for _ in range(rng.randrange(0, 14)):
        choice = rng.random()
        if choice < 0.45:
            parts.append(rng.choice(WORDS))
        elif choice < 0.6:
            parts.append(unicodedata.normalize("NFD", rng.choice(WORDS)))
        elif choice < 0.85:
            parts.append("".join(rng.choices(block(*rng.choice(BLOCKS)), k=rng.randrange(1, 6))))
        else:
            parts.append("".join(rng.choices(block(0, 0x110000), k=rng.randrange(1, 4))))
        parts.append(rng.choice(GLUE))
    return "".join(parts)
