"""Put the name of its class in the place of personal data.

One automaton, the gates of all detectors together, runs over every value. Only a
value that a gate matches is handed to that detector, which is exact and in Python.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import polars as pl

from logstats.pii import credentials, machines, numbers, people
from logstats.pii.detector import Detector
from logstats.pii.text import put_rows

CLASSES: Final = (
    "email", "card", "ssn", "iban", "phone", "jwt", "uuid", "hex", "id", "n", "ip", "geo", "user", "token",
    "combination",
)  # fmt: skip
TOKEN: Final = re.compile(r"\{(?:" + "|".join(CLASSES) + r")\}")
# What has a checksum or a prefix of its own goes before what only has a length.
_ORDER: Final = (
    "jwt", "email", "handle", "parameter", "vendor", "combination", "token", "user", "home", "iban", "uuid",
    "hex", "card", "ssn", "phone", "national phone", "mac", "ipv6", "geo", "ipv4", "dashed", "n", "id",
)  # fmt: skip
# A replaced span may set another one free; two rounds do on all real logs seen. A client can write a
# chain as long as a line, so the rounds have an end, and what they leave is replaced as a whole.
_ROUNDS: Final = 8
# For fewer values than this, calling polars once for each detector costs more than Python's own expressions.
FEW: Final = 500

_EDGE: Final = "[^0-9A-Za-z]"
_NOT_YEAR: Final = "(?:[03-9][0-9]|1[0-8]|2[1-9])"
# What needs no look-around and no validator, for values without any sign of these.
_NOT_SIMPLE: Final = "[@=~%:+{ ]"
_SIMPLE: Final = (
    # Numbers of 5, 7 and 9 to 11 digits, and of 6 and 8 unless they begin a year: no cards, no days.
    (rf"/(?:[0-9]{{5}}|[0-9]{{7}}|{_NOT_YEAR}[0-9]{{4}}|{_NOT_YEAR}[0-9]{{6}}|[0-9]{{9,11}})(/|$)", "/{n}$1"),
    (
        rf"({_EDGE})[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}({_EDGE}|$)",
        "${1}{uuid}${2}",
    ),
    # Two letters first may be an account number.
    (
        rf"({_EDGE})(?:[0-9]{{1,12}}[A-Fa-f]|(?:[A-Fa-f]|[A-Fa-f]{{3,12}})[0-9])[0-9A-Fa-f]{{15,}}({_EDGE}|$)",
        "${1}{hex}${2}",
    ),
)  # fmt: skip


@cache
def detectors() -> tuple[Detector, ...]:
    """Return all detectors in the order in which they run: the most telling first."""
    found = (*credentials.detectors(), *people.detectors(), *numbers.detectors(), *machines.detectors())
    return tuple(sorted(found, key=lambda detector: _ORDER.index(detector.name)))


@cache
def suspect_pattern() -> str:
    """Return the pattern for polars that finds every value worth a closer look."""
    return "|".join(detector.gate for detector in detectors())


@cache
def _gates() -> tuple[tuple[re.Pattern[str], str, Detector], ...]:
    return tuple((re.compile(detector.gate), detector.needs, detector) for detector in detectors())


@cache
def _needs() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((needs, re.compile(needs)) for needs in {detector.needs: None for detector in detectors()})


def scrub_text(text: str) -> str:
    """Return a text with `{class}` in the place of what looks personal.

    Args:
        text: A path or another value, percent-decoded where it should be.

    Returns:
        The same text where nothing is found. Scrubbing again changes nothing.

    >>> scrub_text("/mail/jane@example.com/2026/logo@2x.png")
    '/mail/{email}/2026/logo@2x.png'
    """
    for _ in range(_ROUNDS):
        before = text
        text = _scrub_once(before)
        if text == before:
            return text
    return _replace_whole(text)


def _replace_whole(text: str) -> str:
    """Return a text that no detector changes, without the segments in which one finds or found something."""
    segments = text.split("/")
    kept = [each if _scrub_once(each) == each and not TOKEN.search(each) else "{id}" for each in segments]
    joined = "/".join(kept)
    if _scrub_once(joined) == joined:
        return joined
    return "/{id}" if text.startswith("/") else "{id}"


def _scrub_once(text: str) -> str:
    has = {needs: pattern.search(text) for needs, pattern in _needs()}
    for detector in [detector for gate, needs, detector in _gates() if has[needs] and gate.search(text)]:
        text = detector.scrub(text)
    return text


def find_suspects(values: pl.Series) -> pl.Series:
    """Return whether each value is worth a closer look; nulls are not."""
    return pl.select(is_suspect(pl.lit(values))).to_series()


def is_suspect(values: pl.Expr) -> pl.Expr:
    """Return whether each value is worth a closer look; nulls are not."""
    return values.str.contains(suspect_pattern()).fill_null(value=False)


def scrub_values(values: pl.Series) -> pl.Series:
    """Return what `scrub_text` makes of each value; nulls stay.

    Args:
        values: Distinct suspect values: all rows are looked at by every gate.
    """
    if len(values) < FEW:
        return pl.Series([text and scrub_text(text) for text in values.to_list()], dtype=pl.String)
    raw, values = values, _scrub_simple(values)
    rows = find_suspects(values).arg_true()
    for _ in range(_ROUNDS):
        if len(rows) == 0:
            break
        before = values[rows]
        after = _scrub_round(before)
        values = put_rows(values, rows, after)
        rows = rows.filter((before != after) & find_suspects(after))
    return put_rows(values, rows, pl.Series(map(scrub_text, raw[rows]), dtype=pl.String))


def _scrub_simple(values: pl.Series) -> pl.Series:
    """Replace in polars what needs neither context nor a validator."""
    named = "|".join(gate.gate for gate in detectors() if gate.name in {"token", "user", "combination"})
    is_simple = ~values.str.contains(f"{_NOT_SIMPLE}|{named}").fill_null(value=True)
    for pattern, replacement in _SIMPLE:
        rows = (is_simple & values.str.contains(pattern)).arg_true()
        if len(rows):
            values = put_rows(values, rows, values[rows].str.replace_all(pattern, replacement))
    return values


def _scrub_round(values: pl.Series) -> pl.Series:
    """Run each detector once over the values that its gate matches."""
    texts: list[str] = values.to_list()
    if len(texts) < FEW:
        return pl.Series([_scrub_once(text) for text in texts], dtype=pl.String)
    for detector in detectors():
        scrub = detector.scrub
        for row in values.str.contains(detector.gate).arg_true().to_list():
            texts[row] = scrub(texts[row])
    return pl.Series(texts, dtype=pl.String)
