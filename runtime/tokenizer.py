"""CLIP's byte-level BPE tokenizer, from a bundle's vocab.json and merges.txt.

Ids are equal to those of transformers' CLIPTokenizer, and the order of work is the published one
(transformers 5, backed by `tokenizers`): special strings are taken out as typed; the rest is normalised
(NFC, white space to one space, lower case character by character); the special strings marked `normalized`
are taken out; what is left is cut into words, each word into bytes written as printable characters, the last
one marked `</w>`, and neighbours are merged by rank.
"""

import heapq
import re
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from pydantic import TypeAdapter, ValidationError

from runtime.bundle import Bundle
from runtime.characters import characters, normalize
from runtime.errors import BundleError, RequestError, first_problem
from runtime.manifest import TokenId

WORD_END = "</w>"
_VOCAB = TypeAdapter(dict[str, TokenId])


@cache
def _words() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """CLIP's published expression, and that of the byte-level step, which cuts each word once more.

    The second changes only a name like <|startoftext|> that is typed where it is not special.
    """
    letter, number, space = characters().letter, characters().number, characters().space
    endings = "'s|'t|'re|'ve|'m|'ll|'d"
    other = f"[^{space}{letter}{number}]+"
    word = rf"<\|startoftext\|>|<\|endoftext\|>|{endings}|[{letter}]+|[{number}]|{other}"
    return re.compile(word), re.compile(f"{endings}|[{letter}]+|[{number}]+|{other}")


def _byte_alphabet() -> list[str]:
    """The printable character that stands for each byte (GPT-2): itself, or else 256, 257, ... in order."""
    printable = {
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    }
    spare = iter(range(256, 512))
    return [chr(byte if byte in printable else next(spare)) for byte in range(256)]


BYTES = _byte_alphabet()
_BYTE_OF = {character: byte for byte, character in enumerate(BYTES)}


class ClipTokenizer:
    """Turns a prompt into `length` ids: start, words, end, padding."""

    def __init__(
        self,
        vocab: Mapping[str, int],
        merges: list[tuple[str, str]],
        *,
        length: int,
        bos: int,
        eos: int,
        pad: int,
        unk: int,
        special: Mapping[str, int],
        special_normalized: list[str],
    ):
        self.length, self.bos, self.eos, self.pad, self.unk = length, bos, eos, pad, unk
        self.vocab = dict(vocab)
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.special = dict(special)
        self._typed = _any_of([text for text in special if text not in special_normalized])
        self._normalized = _any_of(special_normalized)
        self._names = {
            **{index: token for token, index in self.vocab.items()},
            **{i: t for t, i in special.items()},
        }

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "ClipTokenizer":
        """Raises BundleError for a vocabulary or merges that cannot be read."""
        facts = bundle.manifest.tokenizer
        try:
            vocab = _VOCAB.validate_json(bundle.text(facts.vocab), strict=True)
        except ValidationError as error:
            raise BundleError(
                f"{bundle.path(facts.vocab)}: {first_problem(error)}: export the bundle again"
            ) from None
        try:
            merges = parse_merges(bundle.text(facts.merges))
            _check_merges(vocab, merges)
        except ValueError as error:
            raise BundleError(f"{bundle.path(facts.merges)}: {error}: export the bundle again") from None
        return cls(
            vocab,
            merges,
            length=facts.length,
            bos=facts.bos,
            eos=facts.eos,
            pad=facts.pad,
            unk=facts.eos if facts.unk is None else facts.unk,
            special=facts.special,
            special_normalized=facts.special_normalized,
        )

    def encode(self, text: str) -> tuple[np.ndarray, str]:
        """The ids i32 [T] of a prompt, and the end of the prompt that did not fit ("" if all did).

        Raises RequestError for text that is not Unicode (a lone surrogate, from bytes that are not UTF-8).
        """
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RequestError(
                f"the prompt is not valid Unicode at character {error.start}: type it as UTF-8"
            ) from None
        words = list(self._ids(text))
        room = self.length - 2
        ids = np.full(self.length, self.pad, np.int32)
        kept = [self.bos, *words[:room], self.eos]
        ids[: len(kept)] = kept
        return ids, self.decode(words[room:])

    def decode(self, ids: list[int]) -> str:
        """Readable text of word ids, for messages: lower case, one space between words."""
        data = bytearray()
        for index in ids:
            name = self._names.get(index, "")
            if name in self.special:
                data += f" {name} ".encode()
                continue
            stem = name.removesuffix(WORD_END)
            data += bytes(_BYTE_OF[character] for character in stem if character in _BYTE_OF)
            if stem != name:
                data += b" "
        return " ".join(data.decode("utf-8", errors="replace").split())

    def _ids(self, text: str) -> Iterator[int]:
        for typed, special in _pieces(self._typed, text):
            if special:
                yield self.special[typed]
                continue
            for piece, special in _pieces(self._normalized, normalize(typed)):
                if special:
                    yield self.special[piece]
                    continue
                for word in cut(piece):
                    yield from self._word_ids(word)

    def _word_ids(self, word: str) -> list[int]:
        """Byte-pair merges of one word: always the pair of lowest rank, the leftmost of equals.

        A heap keeps a word of n bytes at O(n log n): a prompt may be one "word" of 100 000 letters.
        """
        letters = [BYTES[byte] for byte in word.encode("utf-8")]
        letters[-1] += WORD_END
        symbols: list[str | None] = [
            letter if letter in self.vocab else None for letter in letters
        ]  # None: unknown
        after = [*range(1, len(symbols)), -1]
        before = list(range(-1, len(symbols) - 1))
        heap: list[tuple[int, int, str]] = []

        def offer(left: int) -> None:
            """Puts the pair that starts at `left` on the heap, if it can be merged."""
            if left < 0 or after[left] < 0:
                return
            first, second = symbols[left], symbols[after[left]]
            if first is not None and second is not None and (first, second) in self.ranks:
                heapq.heappush(heap, (self.ranks[first, second], left, first + second))

        alive = [True] * len(symbols)
        for left in range(len(symbols)):
            offer(left)
        while heap:
            rank, left, merged = heapq.heappop(heap)
            right = after[left]
            if not alive[left] or right < 0:
                continue
            first, second = symbols[left], symbols[right]
            if first is None or second is None or self.ranks.get((first, second)) != rank:
                continue  # an offer made before one of the two was merged with another neighbour
            symbols[left], alive[right] = merged, False
            after[left] = after[right]
            if after[right] >= 0:
                before[after[right]] = left
            offer(before[left])
            offer(left)
        return [
            self.unk if symbol is None else self.vocab[symbol]
            for symbol, here in zip(symbols, alive, strict=True)
            if here
        ]


def cut(text: str) -> Iterator[str]:
    """The words of a normalized text, as the published expression and then the byte-level step cut it."""
    words, parts = _words()
    for word in words.findall(text):
        yield from parts.findall(word)


def parse_merges(text: str) -> list[tuple[str, str]]:
    """The pairs of merges.txt in rank order. Raises ValueError for a line that is not a pair."""
    pairs = []
    for line in text.split("\n"):
        if not line or line.startswith("#version"):
            continue
        first, separator, second = line.rstrip("\r").partition(" ")
        if not separator or not first or not second or " " in second:
            raise ValueError(f"merges line {line[:100]!r} is not a pair")
        pairs.append((first, second))
    return pairs


def _check_merges(vocab: Mapping[str, int], merges: list[tuple[str, str]]) -> None:
    """Raises ValueError for a merge whose result has no id."""
    for first, second in merges:
        if first + second not in vocab:
            raise ValueError(f"{first[:100]!r} and {second[:100]!r} make a word that has no id")


def _any_of(texts: list[str]) -> re.Pattern[str] | None:
    """A pattern for any of the texts, the longest first, or None."""
    longest_first = sorted(texts, key=len, reverse=True)
    return re.compile("|".join(re.escape(text) for text in longest_first)) if texts else None


def _pieces(pattern: re.Pattern[str] | None, text: str) -> Iterator[tuple[str, bool]]:
    """The text in order, cut at the pattern: (piece, whether it is a match)."""
    end = 0
    for match in pattern.finditer(text) if pattern else ():
        if match.start() > end:
            yield text[end : match.start()], False
        yield match[0], True
        end = match.end()
    if end < len(text):
        yield text[end:], False
