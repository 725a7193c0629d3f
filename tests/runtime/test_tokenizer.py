"""The tokenizer against transformers' CLIPTokenizer, which is the truth here."""

import json
import random
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from runtime.bundle import open_bundle
from runtime.errors import BundleError, RequestError
from runtime.manifest import TokenizerFacts
from runtime.tokenizer import BYTES, ClipTokenizer, cut, normalize, parse_merges
from tests.runtime.prompts import WORDS, prompts
from tests.runtime.published_tokenizer import published
from tests.runtime.tiny_bundle import replace_file

VECTORS = Path(__file__).parents[1] / "vectors" / "tokenizer.json"


@cache
def trained() -> CLIPTokenizer:
    """Many merges of many scripts, bytes that were never seen unknown, the special names not normalised."""
    rng = random.Random(1)
    corpus = [" ".join(rng.choices(WORDS, k=8)).lower() for _ in range(2000)]
    corpus += ["".join(rng.choices("abcdethingo", k=12)) for _ in range(3000)]
    model = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        end_of_word_suffix="</w>",
        special_tokens=["!", "<|startoftext|>", "<|endoftext|>"],
        show_progress=False,
    )
    model.train_from_iterator(corpus, trainer)
    learned = json.loads(model.to_str())["model"]
    return CLIPTokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        pad_token=AddedToken("!", special=True, normalized=False),
        bos_token=AddedToken("<|startoftext|>", special=True, normalized=False),
        eos_token=AddedToken("<|endoftext|>", special=True, normalized=False),
        model_max_length=24,
    )


def ours(theirs: CLIPTokenizer) -> ClipTokenizer:
    """Our tokenizer from the facts that an export writes."""
    model = json.loads(theirs.backend_tokenizer.to_str())["model"]
    merges = parse_merges("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]) + "\n")
    facts = TokenizerFacts.of(theirs, "vocab.json", "merges.txt").model_dump(exclude={"vocab", "merges"})
    return ClipTokenizer(model["vocab"], merges, **facts)


@pytest.mark.parametrize(("which", "count"), [(published, 5000), (trained, 5000)])
def test_ids_equal_transformers_on_random_unicode(which, count: int) -> None:
    theirs = which()
    mine = ours(theirs)
    texts = prompts(random.Random(2024), count)
    expected = theirs(
        texts, padding="max_length", truncation=True, max_length=theirs.model_max_length
    ).input_ids
    wrong = [text for text, ids in zip(texts, expected, strict=True) if mine.encode(text)[0].tolist() != ids]
    assert wrong == []
    # The fuzz must reach what it is for: cut prompts, unknown bytes or not, merges of every length.
    assert sum(ids[-1] == theirs.eos_token_id for ids in expected) > count / 20


def test_trained_tokenizer_has_unknown_bytes_and_long_merges() -> None:
    theirs = trained()
    assert theirs("\x00").input_ids[1] == theirs.unk_token_id
    assert max(map(len, theirs.get_vocab())) > 8
    assert len(theirs.get_vocab()) > 1000


def test_whole_ids_equal_transformers_beyond_the_length() -> None:
    theirs = trained()
    mine = ours(theirs)
    mine.length = 5000
    texts = [text for text in prompts(random.Random(3), 300)]
    for text, ids in zip(texts, theirs(texts).input_ids, strict=True):
        assert mine.encode(text)[0][: len(ids)].tolist() == ids


def test_exclamation_mark_is_the_padding_token() -> None:
    assert ours(published()).encode("cat!")[0][:5].tolist() == [526, 518, 0, 527, 0]


def test_length_dtype_and_padding() -> None:
    ids, cut = ours(published()).encode("the red cat")
    assert ids.dtype == np.int32
    assert ids.tolist() == [526, 515, 521, 518, 527] + [0] * 72
    assert cut == ""


def test_long_prompt_is_cut_and_says_what_was_lost() -> None:
    theirs = published()
    mine = ours(theirs)
    ids, cut = mine.encode("cat " * 75 + "Red, DÖG!  the   end")
    assert ids.tolist() == [526] + [518] * 75 + [527]
    assert cut == "red , dög ! the end"
    assert mine.encode("cat " * 75)[1] == ""


def test_a_word_of_a_hundred_thousand_letters_takes_a_moment() -> None:
    mine = ours(trained())
    begun = time.perf_counter()
    mine.encode("thing" * 20000)
    assert time.perf_counter() - begun < 10


def test_lone_surrogate_is_one_clear_line() -> None:
    with pytest.raises(RequestError, match="not valid Unicode at character 4"):
        ours(published()).encode("cat \udcff")


def test_merges_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="'abc' is not a pair"):
        parse_merges("#version: 0.2\na b\nabc\n")


def test_added_token_that_strips_its_neighbours_is_refused() -> None:
    theirs = published()
    theirs.add_tokens([AddedToken("<hat>", lstrip=True)])
    with pytest.raises(BundleError, match="<hat>"):
        TokenizerFacts.of(theirs, "vocab.json", "merges.txt")


def test_an_added_token_that_is_normalized_is_found_as_transformers_finds_it() -> None:
    theirs = published()
    theirs.add_tokens(
        [AddedToken(text, normalized=True) for text in ("<MyCat>", "a  Red\tHat", "Cafe\u0301")]
    )
    theirs.add_tokens([AddedToken("<OwnCat>", normalized=False)])
    mine = ours(theirs)
    for text in (
        "a <mycat> and <MYCAT>",
        "a red hat",
        "A RED  HAT?",
        "caf\xe9 CAFE\u0301s",
        "<OwnCat> <owncat>",
    ):
        assert [i for i in mine.encode(text)[0].tolist() if i] == theirs(text).input_ids, text


def test_added_tokens_that_are_equal_in_a_normalized_prompt_are_refused() -> None:
    theirs = published()
    theirs.add_tokens([AddedToken("<Cat>", normalized=True), AddedToken("<CAT>", normalized=True)])
    with pytest.raises(BundleError, match="'<Cat>' and '<CAT>' are equal"):
        TokenizerFacts.of(theirs, "vocab.json", "merges.txt")


def test_ids_equal_the_vectors_that_other_languages_read() -> None:
    mine = ours(published())
    mine.length = 1000
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert len(cases) > 200
    for case in cases:
        assert mine.encode(case["text"])[0][: len(case["ids"])].tolist() == case["ids"], case["text"]


@pytest.mark.parametrize("around", ["a{} ", "1{}e\u0301 "])
def test_every_code_point_is_normalized_and_cut_as_tokenizers_does(around: str) -> None:
    theirs = published().backend_tokenizer
    codes = [code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    for start in range(0, len(codes), 5000):
        text = "".join(around.format(chr(code)) for code in codes[start : start + 5000])
        normal = normalize(text)
        assert normal == theirs.normalizer.normalize_str(text), hex(codes[start])
        words = [word for word, _ in theirs.pre_tokenizer.pre_tokenize_str(normal)]
        found = ["".join(BYTES[byte] for byte in word.encode()) for word in cut(normal)]
        assert found == words, hex(codes[start])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocab.json", content)
        for content in (
            "[]",
            "null",
            '{"a": "1"}',
            '{"a": -1}',
            '{"a": 2147483648}',
            '{"a": 1.5}',
            "{",
            "[" * 9999,
        )
    ]
    + [("merges.txt", content) for content in ("a", "a b c", "zq qz", "\udcff")]
    + [("vocab.json", "\udcff")],
)
def test_vocabulary_or_merges_of_another_kind_are_refused(own_bundle: Path, name: str, content: str) -> None:
    replace_file(own_bundle, f"tokenizer/{name}", content.encode(errors="surrogateescape"))
    with pytest.raises(BundleError, match=name) as caught:
        ClipTokenizer.from_bundle(open_bundle(own_bundle))
    assert len(str(caught.value)) <= 1000
