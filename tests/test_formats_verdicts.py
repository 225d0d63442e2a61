"""Detection says what it found in words, and shows no content of a line."""

import pytest

from logstats import formats
from logstats.formats.verdicts import break_of, nearest_format

COMBINED = '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET /secret-word HTTP/1.1" 200 5 "-" "curl/8"'
COMMON = '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET /secret-word HTTP/1.1" 200 5'


def told(lines):
    return "\n".join(formats.explain(formats.detect_format(lines), lines))


def test_a_verdict_counts_what_fits():
    assert told([COMBINED, COMBINED]).startswith("combined: fits 2 of 2 lines")


def test_a_line_of_a_sibling_is_no_break():
    assert "breaks" not in told([COMBINED, COMBINED, COMMON])


def test_a_break_names_line_and_field_and_shows_no_content():
    text = told([COMBINED, COMBINED.replace(" 200 ", " OK ")])

    assert "line 2 breaks at %>s" in text
    assert "aaa /aaaaaa-aaaa" in text
    assert "secret" not in text
    assert "203" not in text


def test_nothing_fits_but_the_nearest_is_named():
    text = told([COMBINED.replace(" 200 ", " OK ")])

    assert "no format fits" in text
    assert "nearest is" in text
    assert "secret" not in text


def test_an_empty_log_has_no_verdict():
    assert told(["", " "]) == "no lines"


@pytest.mark.parametrize(
    "preset",
    # `text` is the format of lines that have none: no line is strange to it.
    [p for p in formats.all_presets() if p.kind is formats.Kind.TEXT and p.name != "text"],
)
def test_a_whole_line_has_no_break_and_a_strange_one_has_one(preset):
    found = break_of(preset, "\x01")

    assert break_of(preset, preset.samples[0].line) is None
    assert found is not None
    assert found.fits < found.tokens


def test_the_nearest_format_fits_most_from_the_beginning():
    nearest = nearest_format(COMBINED.replace(" 5 ", " five "))
    assert nearest is not None
    format_, found = nearest

    assert "com" in format_.name
    assert found.field in {"%>s", "%b"}


def test_a_shape_has_no_letters_and_digits_of_the_line():
    assert formats.shape("Ünïcode\t12\x00€") == "aaaaaaa\\t99.."
    assert formats.shape("x" * 500).endswith("…")
