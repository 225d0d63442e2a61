"""Codes last as long as an era; what is made of values is made of each once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from logstats.batches import REQUEST, Batch, ParsedBatch, remember
from logstats.dictionary import Dictionaries, Dictionary, Grown

texts = st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh"), st.text(max_size=3)), max_size=15)


def read(values: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"text": values, "twice": values + values})


def double(values: pl.DataFrame) -> pl.DataFrame:
    return values.select(pl.col("twice") + "!")


@given(st.lists(texts, max_size=6), st.integers(1, 30))
def test_codes_point_to_what_was_read_however_little_is_remembered(
    blocks: list[list[str | None]], most: int
) -> None:
    dictionary = Dictionary(read, most=most)
    grown = Grown(double)
    for block in blocks:
        column = pl.Series(block, dtype=pl.String)
        encoded = dictionary.encode(column)

        assert encoded.values[encoded.codes].equals(read(column))
        made = grown(encoded.values, encoded.era)
        assert made[encoded.codes].equals(double(read(column)))


@given(st.lists(texts, min_size=2, max_size=6))
def test_a_code_of_an_era_stays_what_it_is(blocks: list[list[str | None]]) -> None:
    dictionary = Dictionary(read)
    seen = [dictionary.encode(pl.Series(block, dtype=pl.String)) for block in blocks]
    last = seen[-1].values

    assert len({id(encoded.era) for encoded in seen}) == 1
    for block, encoded in zip(blocks, seen, strict=True):
        assert last[encoded.codes]["text"].to_list() == block


def test_a_value_is_read_and_made_once() -> None:
    was_read: list[str] = []
    was_made: list[str] = []

    def note(values: pl.Series) -> pl.DataFrame:
        was_read.extend(values)
        return read(values)

    def note_more(values: pl.DataFrame) -> pl.DataFrame:
        was_made.extend(values["text"])
        return double(values)

    dictionary, grown = Dictionary(note), Grown(note_more)
    for block in (["a", "b", "a"], ["b", "c"], ["a", "c"]):
        encoded = dictionary.encode(pl.Series(block))
        grown(encoded.values, encoded.era)

    assert sorted(was_read) == sorted(was_made) == ["a", "b", "c"]


def test_values_of_eras_that_come_in_turns_are_made_once() -> None:
    """Hits of the exact parser are values of their own, between blocks of the plan."""
    made: list[str | None] = []

    def note(values: pl.DataFrame) -> pl.DataFrame:
        made.extend(values["text"])
        return values

    plan, exact, grown = Dictionary(read), Dictionary(read), Grown(note)
    for texts in (["a", "b"], ["a", "c"]):
        for dictionary in (plan, exact):
            encoded = dictionary.encode(pl.Series(texts))
            assert grown(encoded.values, encoded.era)[encoded.codes]["text"].to_list() == texts

    assert sorted(map(str, made)) == ["a", "a", "b", "b", "c", "c"]


def test_a_block_of_new_values_only_is_not_remembered() -> None:
    dictionary = Dictionary(read, most=10)
    kept = dictionary.encode(pl.Series(list("abc")))
    alone = dictionary.encode(pl.Series(list("defghijk")))

    assert alone.era is None
    assert dictionary.encode(pl.Series(["c"])).era is kept.era


def test_what_is_remembered_does_not_keep_the_block() -> None:
    block = pl.Series(["x" * 1_000_000 + "|a rather long text, of which no copy is made"])
    cut = block.str.split_exact("|", 1).struct.field("field_1")
    encoded = Dictionary(lambda values: values.alias("text").to_frame()).encode(cut)

    assert encoded.values.estimated_size() < 1000


def test_threads_may_share_a_dictionary() -> None:
    dictionary, grown = Dictionary(read, most=50), Grown(double)
    blocks = [pl.Series([f"{number % 7}-{value}" for value in range(20)]) for number in range(60)]

    def make(block: pl.Series) -> pl.DataFrame:
        encoded = dictionary.encode(block)
        return grown(encoded.values, encoded.era)[encoded.codes]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(make, blocks))

    assert all(answer.equals(double(read(block))) for answer, block in zip(answers, blocks, strict=True))


@given(st.lists(texts, min_size=1, max_size=4))
def test_hits_are_the_same_when_their_codes_last(blocks: list[list[str | None]]) -> None:
    known = Dictionaries()
    for block in blocks:
        table = {"method": ["GET"] * len(block), "path": block, "query": [None] * len(block)}
        values = pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))
        codes = pl.DataFrame({REQUEST: range(len(block))}, schema={REQUEST: pl.UInt32})
        parsed = ParsedBatch(Batch(codes, {REQUEST: values}))
        lasting = remember(parsed, known)

        assert lasting.values[REQUEST][lasting.hits[REQUEST]].equals(values)
