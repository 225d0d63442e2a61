"""Laws that hold for every text a client can send."""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logstats.pii import (
    clean_path,
    clean_paths,
    clean_query,
    clean_text,
    detect,
    paths,
    referrer_domains,
    referrer_origins,
    rewrite_paths,
    scrub_text,
)
from logstats.pii.detect import TOKEN, detectors, scrub_values
from tests.test_pii import PERSONAL

PIECES = [
    *(value for value, _ in PERSONAL.values()),
    *"/.-_;=?%@~+:,{}[]\\ 0129aZ\x1b\x85\u202e\u200b\ud7ff\U000e0041",
    *("//", "/../", "/./", "%2F", "%40", "%25", "%2541", "%00", "%1b", "%e2%80%ae", "%ff", "%c3%a9", "é"),
    *("\\x1b", "user/", "/users/", "token/", "zip=", "dob/", "gender:", "sex=", "{n}", "{email}", "http://"),
    *("example.com", ".png", ".html", "2026", "20260201", "12345", "123456789", "@2x", "0:0:2", "::1"),
    *("4111", "1111", "12.5555", "9" * 40, "a" * 300, "ab12" * 6),
]
# Each number keeps the next one from being seen.
CHAIN = "212.555.0123" + "(212)555-0123" * 4
ENDLESS_CHAIN = "212.555.0123" + "(212)555-0123" * 40
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)


def clean(path):
    return clean_paths(pl.Series([path], dtype=pl.String)).values.item()


@contextmanager
def as_if_many():
    """Let even the shortest series take the way of long ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detect, "FEW", 0)
        patch.setattr(paths, "FEW", 0)
        yield


@given(texts)
@example("/%2525")
@example("/" + "1" * 300)
@example("/a" * 120 + "/" + "12345678901234567890")
@example(ENDLESS_CHAIN)
def test_cleaning_twice_is_cleaning_once(text):
    once = clean(text)

    assert clean(once) == once


@given(texts)
@example(CHAIN)
@example(ENDLESS_CHAIN)
@example("/a/" + ENDLESS_CHAIN + "/b")
def test_rewriting_twice_is_rewriting_once(text):
    once = rewrite_paths(pl.Series([text])).item()

    assert rewrite_paths(pl.Series([once])).item() == once


@given(st.lists(st.none() | texts, max_size=6))
def test_many_values_are_cleaned_as_each_alone(values):
    cleaned = clean_paths(pl.Series(values, dtype=pl.String)).values.to_list()

    assert cleaned == [None if value is None else clean_path(value) for value in values]


@given(texts)
def test_what_is_shown_has_no_invisible_sign(text):
    shown = clean(text) + clean_text(pl.Series([text])).item()

    assert len(shown) <= 510
    assert not [sign for sign in shown if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


def test_decimals_are_suspect_only_where_two_of_them_meet():
    """What may stand between them has an end: else the search would try every place for it."""
    texts = pl.Series(["/a.1234b.5678", "/a.1234,,5.5678", "/0.1234,5.5678", "/0.1234/-5.5678"])

    assert detect.find_suspects(texts).to_list() == [False, False, True, True]


@given(texts)
def test_no_gate_is_shut_before_its_detector(text):
    """A detector changes no text that its gate does not match."""
    found = pl.Series([text])

    for detector in detectors():
        if detector.scrub(text) != text:
            assert found.str.contains(detector.gate).item(), detector.name
            assert re.search(detector.gate, text), detector.name
            assert re.search(detector.needs, text), detector.name


@pytest.mark.parametrize("chain", [CHAIN, ENDLESS_CHAIN], ids=["short", "endless"])
def test_a_chain_of_numbers_is_replaced_to_its_end(chain):
    for text in (chain, f"/a/{chain}/b", f"/user/{chain}/token/{chain}"):
        shown = scrub_text(text)

        assert "555" not in shown
        assert scrub_text(shown) == shown
    assert scrub_text(f"/a/{chain}/b").startswith("/a/{")
    assert scrub_text(f"/a/{chain}/b").endswith("}/b")


@given(st.lists(texts, max_size=6))
@example([ENDLESS_CHAIN, "/a/" + ENDLESS_CHAIN, CHAIN, "/a"])
def test_the_fast_way_agrees_with_the_reference(values):
    with as_if_many():
        scrubbed = scrub_values(pl.Series(values, dtype=pl.String)).to_list()

    assert scrubbed == [scrub_text(text) for text in values]


@given(st.lists(st.none() | texts, max_size=6))
@example(["/" + "/".join(["1234567"] * 300), None, "/{n}/1234567"])
def test_few_values_are_cleaned_and_counted_as_many(values):
    raw = pl.Series(values, dtype=pl.String)
    few = clean_paths(raw)
    with as_if_many():
        many = clean_paths(raw)

    assert few.values.to_list() == many.values.to_list()
    assert few.classes.equals(many.classes)


CUT_BEFORE_ITS_TOKEN = "DE89370400440532013000" + "a" * 300 + "user/jane.doe@example.com"


@given(texts)
@example(CUT_BEFORE_ITS_TOKEN)
def test_counts_are_the_tokens_that_are_new(text):
    """Of the whole value: the cut may take a token away, or the segment before it."""
    cleaned = clean_paths(pl.Series([text]), max_length=100_000)
    counted = sum(cleaned.classes.row(0))

    if not re.search(r"\{\w+\}|%7[bB]", text):
        tokens = TOKEN.findall(cleaned.values.item())
        assert counted == len(tokens)


@given(texts)
@example(CUT_BEFORE_ITS_TOKEN)
def test_a_cut_changes_no_count(text):
    raw = pl.Series([text])

    assert clean_paths(raw).classes.equals(clean_paths(raw, max_length=100_000).classes)


def twice(text):
    return every_sign(every_sign(text))


def every_sign(text):
    return "".join(f"%{octet:02x}" for octet in text.encode())


NOTATIONS = {
    "raw": str,
    "upper case": lambda text: quote(text, safe=""),
    "every sign": every_sign,
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every sign twice": twice,
}
FOUND = {name: value for name, (value, _) in PERSONAL.items() if name != "session"}


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
@pytest.mark.parametrize("value", FOUND.values(), ids=FOUND)
def test_every_class_is_found_in_every_notation(value, notation):
    raw = f"/a/{notation(value)}/b"

    for shown in (clean(raw), rewrite_paths(pl.Series([raw])).item()):
        assert TOKEN.search(shown)
        assert value not in shown
        assert notation(value) not in shown
        assert shown.startswith("/a/")


@given(texts)
def test_a_rewritten_path_keeps_what_is_not_personal(text):
    plain = re.sub(r"[^a-z/.]", "", text)
    if scrub_text(plain) == plain:
        assert rewrite_paths(pl.Series([plain])).item() == plain


@given(st.lists(st.none() | texts, max_size=5))
def test_no_text_raises(values):
    raw = pl.Series(values, dtype=pl.String)

    assert len(referrer_domains(raw)) == len(values)
    assert len(referrer_origins(raw)) == len(values)
    assert len(clean_query(raw, ["zip", "page"])) == len(values)
    assert len(clean_text(raw)) == len(values)


@given(texts)
def test_a_referrer_shows_a_domain_or_a_word(text):
    shown = referrer_domains(pl.Series(["http://" + text]))

    assert re.fullmatch(r"\((?:internal|ip address|none|invalid|app)\)|[a-z0-9_.-]+", shown.item())


@given(st.from_regex(r"[a-z0-9.-]{1,40}\.(?:example|com|de)", fullmatch=True))
def test_a_host_that_nobody_suspects_holds_nothing_personal(host):
    """Only of the others a path of their name is looked at closer, sign by sign."""
    path = f"/{host}"

    assert detect.find_suspects(pl.Series([path])).item() or scrub_text(path) == path


@given(texts)
def test_a_shown_origin_is_its_own_origin(text):
    once = referrer_origins(pl.Series(["https://" + text]))

    assert referrer_origins(once).to_list() == once.to_list()
