"""`python -m tests.runtime.write_unicode`: letters, numbers and capitals of Unicode, for the Kotlin engine.

A phone's own tables are as old as its system (Android 9: Unicode 10), and words would differ with them. These
are the tables of what the Python runtime takes: `regex` for letters and numbers, the interpreter for lower
case.
"""

import sys
from itertools import groupby
from pathlib import Path

import regex

TARGET = (
    Path(__file__).parents[2]
    / "android_demo/engine/src/main/resources/org/meissonic/mobile/engine/unicode.txt"
)
SURROGATES = range(0xD800, 0xE000)


def characters() -> list[int]:
    return [code for code in range(sys.maxunicode + 1) if code not in SURROGATES]


def ranges(pattern: str) -> list[tuple[int, int]]:
    """First and last code of each run that the pattern matches."""
    matches = regex.compile(pattern)
    codes = [code for code in characters() if matches.match(chr(code))]
    runs = (
        [code for _, code in run] for _, run in groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0])
    )
    return [(run[0], run[-1]) for run in runs]


def lines() -> list[str]:
    """A range or a lower case a line, in hexadecimal."""
    made = [f"{kind} {first:x} {last:x}" for kind in "LN" for first, last in ranges(rf"\p{{{kind}}}")]
    for code in characters():
        lower = chr(code).lower()
        if lower != chr(code):
            made.append(f"l {code:x} {' '.join(f'{ord(character):x}' for character in lower)}")
    return made


if __name__ == "__main__":
    TARGET.write_text("\n".join(lines()) + "\n", encoding="ascii")
