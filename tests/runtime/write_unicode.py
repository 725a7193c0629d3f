"""`python -m tests.runtime.write_unicode`: the Unicode tables of all four runtimes.

Python, a phone and the published tokenizer each bring Unicode tables of another age, and words would differ.
These tables are taken from the `tokenizers` library itself, code point by code point, so that ids are equal
to the published tokenizer's whatever the system's age.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from tokenizers import Regex, normalizers

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "runtime/unicode.txt"
KOTLIN = ROOT / "android_demo/engine/src/main/resources/org/meissonic/mobile/engine/unicode.txt"
SWIFT = ROOT / "ios_demo/Sources/MeissonicKit/UnicodeTable.swift"

# One combining mark of each canonical combining class (classes are stable since Unicode 3).
MARK_OF_CLASS = {
    1: 0x334, 7: 0x93C, 8: 0x3099, 9: 0x94D, 10: 0x5B0, 11: 0x5B1, 12: 0x5B2, 13: 0x5B3, 14: 0x5B4,
    15: 0x5B5, 16: 0x5B6, 17: 0x5B7, 18: 0x5B8, 19: 0x5B9, 20: 0x5BB, 21: 0x5BC, 22: 0x5BD, 23: 0x5BF,
    24: 0x5C1, 25: 0x5C2, 26: 0xFB1E, 27: 0x64B, 28: 0x64C, 29: 0x64D, 30: 0x64E, 31: 0x64F, 32: 0x650,
    33: 0x651, 34: 0x652, 35: 0x670, 36: 0x711, 84: 0xC55, 91: 0xC56, 103: 0xE38, 107: 0xE48, 118: 0xEB8,
    122: 0xEC8, 129: 0xF71, 130: 0xF72, 132: 0xF74, 202: 0x321, 214: 0x1DCE, 216: 0x31B, 218: 0x302A,
    220: 0x316, 222: 0x59A, 224: 0x302E, 226: 0x1D16D, 228: 0x5AE, 230: 0x300, 232: 0x315, 233: 0x35C,
    234: 0x35D, 240: 0x345,
}  # fmt: skip
HANGUL = range(0xAC00, 0xD7A4)  # syllables, which every runtime composes by arithmetic

_nfc, _nfd, _lower = normalizers.NFC(), normalizers.NFD(), normalizers.Lowercase()


def characters() -> Iterator[int]:
    """Every code point but the surrogates."""
    return (code for code in range(0x110000) if not 0xD800 <= code < 0xE000)


def matching(pattern: str) -> list[int]:
    """The code points that a pattern of one character matches."""
    hidden = normalizers.Replace(Regex(pattern), "\0")
    return [code for code in characters() if code and hidden.normalize_str(chr(code)) == "\0"]


def runs(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last code point of each run of neighbours."""
    for _, run in groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0]):
        found = [code for _, code in run]
        yield found[0], found[-1]


def combining_class(code: int) -> int:
    """The class of a code point, from its place when the library orders it with marks of known class."""

    def goes_after(other: int) -> bool:
        """Whether the code point, typed first, is put behind a mark: its class is the higher one."""
        return _nfd.normalize_str(chr(code) + chr(other)) != chr(code) + chr(other)

    def goes_before(other: int) -> bool:
        return _nfd.normalize_str(chr(other) + chr(code)) != chr(other) + chr(code)

    if not goes_before(MARK_OF_CLASS[240]) and not goes_after(MARK_OF_CLASS[1]):
        return 0
    return next(
        number for number, mark in MARK_OF_CLASS.items() if not goes_before(mark) and not goes_after(mark)
    )


def lines() -> list[str]:
    """The table, numbers in hexadecimal.

    L first last      letters            N first last    numbers          S first last    white space
    l code lower...   lower case         c first last class               canonical combining class
    d code parts...   canonical decomposition, complete
    p first second composite             a pair that composes
    """
    made = [
        f"{kind} {first:x} {last:x}"
        for kind, pattern in (("L", r"\p{L}"), ("N", r"\p{N}"), ("S", r"\s"))
        for first, last in runs(matching(pattern))
    ]
    for code in characters():
        lower = _lower.normalize_str(chr(code))
        if lower != chr(code):
            made.append(f"l {code:x} {' '.join(f'{ord(character):x}' for character in lower)}")
    decomposed = {
        code: _nfd.normalize_str(chr(code))
        for code in characters()
        if code not in HANGUL and _nfd.normalize_str(chr(code)) != chr(code)
    }
    classes = {
        code: combining_class(code) for code in characters() if code not in decomposed and code not in HANGUL
    }
    classes = {code: number for code, number in classes.items() if number}
    for number, group in groupby(sorted(classes), key=classes.__getitem__):
        made += [f"c {first:x} {last:x} {number:x}" for first, last in runs(group)]
    made += [
        f"d {code:x} {' '.join(f'{ord(part):x}' for part in parts)}" for code, parts in decomposed.items()
    ]
    for code, parts in decomposed.items():
        first = _nfc.normalize_str(parts[:-1])
        if len(first) == 1 and _nfc.normalize_str(first + parts[-1]) == chr(code):
            made.append(f"p {ord(first):x} {ord(parts[-1]):x} {code:x}")
    return made


def swift(table: list[str]) -> str:
    """The table as a Swift source: a package's resources are not found alike on every platform."""
    head = "/// `runtime/unicode.txt`, written by `python -m tests.runtime.write_unicode`.\n"
    return f'{head}let unicodeTable = """\n' + "".join(f"    {line}\n" for line in table) + '    """\n'


def write() -> None:
    table = lines()
    for path in (PYTHON, KOTLIN):
        path.write_text("\n".join(table) + "\n", encoding="ascii")
    SWIFT.write_text(swift(table), encoding="ascii")


if __name__ == "__main__":
    write()
