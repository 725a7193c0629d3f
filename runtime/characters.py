"""What a tokenizer must know of a character: its kind, its lower case, its composed form (NFC).

Python's and a phone's Unicode tables are of other ages, so the table of the published tokenizer's library
travels with every runtime: `unicode.txt`, written by `python -m tests.runtime.write_unicode`.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

# Hangul syllables compose by arithmetic (Unicode Standard, section 3.12).
_SYLLABLE, _LEAD, _VOWEL, _TAIL = 0xAC00, 0x1100, 0x1161, 0x11A7
_VOWELS, _TAILS, _SYLLABLES = 21, 28, 11172


class Characters:
    """The table, read once. `letter`, `number` and `space` stand inside a regular expression's brackets."""

    def __init__(self, lines: Iterable[str]) -> None:
        kinds: dict[str, list[str]] = {"L": [], "N": [], "S": []}
        self.lower_of: dict[str, str] = {}
        self.class_of: dict[str, int] = {}
        self.parts_of: dict[str, str] = {}
        self.composite_of: dict[tuple[str, str], str] = {}
        for line in lines:
            name, *fields = line.split()
            codes = [int(field, 16) for field in fields]
            if name in kinds:
                kinds[name].append(f"\\U{codes[0]:08x}-\\U{codes[1]:08x}")
            elif name == "l":
                self.lower_of[chr(codes[0])] = "".join(map(chr, codes[1:]))
            elif name == "c":
                self.class_of |= {chr(code): codes[2] for code in range(codes[0], codes[1] + 1)}
            elif name == "d":
                self.parts_of[chr(codes[0])] = "".join(map(chr, codes[1:]))
            else:
                self.composite_of[chr(codes[0]), chr(codes[1])] = chr(codes[2])
        self.letter, self.number, self.space = ("".join(kinds[kind]) for kind in "LNS")
        self._spaces = re.compile(f"[{self.space}]+")

    def lower(self, text: str) -> str:
        """Lower case, character by character: str.lower would end a Greek word with a final sigma."""
        return "".join(self.lower_of.get(character, character) for character in text)

    def one_space(self, text: str) -> str:
        """Each run of white space as one space."""
        return self._spaces.sub(" ", text)

    def composed(self, text: str) -> str:
        """Canonical composition, NFC (Unicode Standard, section 3.11)."""
        if text.isascii():
            return text
        composed: list[str] = []
        starter = -1  # where the last starter stands
        last = 0  # the class of the character before
        for character in self._ordered(text):
            number = self.class_of.get(character, 0)
            # A mark of the same class blocks a mark from its starter; any mark blocks a starter.
            near = starter >= 0 and (last < number or starter == len(composed) - 1)
            made = self._composite(composed[starter], character) if near else None
            if made is not None:
                composed[starter] = made
                continue
            if number == 0:
                starter = len(composed)
            last = number
            composed.append(character)
        return "".join(composed)

    def _ordered(self, text: str) -> Iterator[str]:
        """The characters decomposed, marks in the order of their classes."""
        marks: list[str] = []
        for character in text:
            for part in self._decomposed(character):
                if self.class_of.get(part, 0):
                    marks.append(part)
                    continue
                yield from sorted(marks, key=self.class_of.__getitem__)
                marks = []
                yield part
        yield from sorted(marks, key=self.class_of.__getitem__)

    def _decomposed(self, character: str) -> str:
        index = ord(character) - _SYLLABLE
        if not 0 <= index < _SYLLABLES:
            return self.parts_of.get(character, character)
        lead, rest = divmod(index, _VOWELS * _TAILS)
        vowel, tail = divmod(rest, _TAILS)
        return chr(_LEAD + lead) + chr(_VOWEL + vowel) + (chr(_TAIL + tail) if tail else "")

    def _composite(self, first: str, second: str) -> str | None:
        lead, vowel, tail = ord(first) - _LEAD, ord(second) - _VOWEL, ord(second) - _TAIL
        if 0 <= lead < _SYLLABLES // (_VOWELS * _TAILS) and 0 <= vowel < _VOWELS:
            return chr(_SYLLABLE + (lead * _VOWELS + vowel) * _TAILS)
        syllable = ord(first) - _SYLLABLE
        if 0 <= syllable < _SYLLABLES and syllable % _TAILS == 0 and 0 < tail < _TAILS:
            return chr(ord(first) + tail)
        return self.composite_of.get((first, second))


@cache
def characters() -> Characters:
    """The table of `unicode.txt`."""
    return Characters(resources.files("runtime").joinpath("unicode.txt").read_text("ascii").splitlines())


def normalize(text: str) -> str:
    """NFC, runs of white space to one space, lower case."""
    table = characters()
    return table.lower(table.one_space(table.composed(text)))
