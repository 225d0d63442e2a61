"""Clean the paths of requests: for a report, and byte for byte for a log.

Almost all paths pass two automata and are left alone; whole segments that are
numbers are replaced in polars; what remains goes through the exact scrubber.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Final
from urllib.parse import quote

import polars as pl

from logstats.frozen import frozen
from logstats.pii.detect import CLASSES, FEW, TOKEN, find_suspects, is_suspect, scrub_text, scrub_values
from logstats.pii.text import decode_fully, decode_once, map_rows, put_rows, show_texts

# Everything that is not a plain absolute path.
_ODD: Final = r"%|//|/\.|[;?#]|^[^/]|^$|[^ -~]"
_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PARAMETER: Final = re.compile(r";[^/]*")
# Most sites have but these: the others are looked for together, in a third of the time.
_FREQUENT: Final = ("n", "hex", "uuid", "id", "user")
_RARE: Final = r"\{(?:" + "|".join(name for name in CLASSES if name not in _FREQUENT) + r")\}"
_LONGEST: Final = 255
_CUT_ESCAPE: Final = re.compile(r"%25[0-9A-Fa-f]?$")


@frozen
class CleanPaths:
    """Values fit to be counted, and how much of each class was replaced in each.

    `values` has the rows of the input; `classes` has one UInt8 column for each
    of `CLASSES`, with the same rows. What was replaced behind the place where a value
    is cut counts too.
    """

    values: pl.Series
    classes: pl.DataFrame

    def totals(self) -> dict[str, int]:
        """Return how many spans of each class were replaced, each distinct value counted once."""
        sums = self.classes.select(pl.all().cast(pl.Int64).sum()).row(0, named=True)
        return {name: count for name, count in sums.items() if count}


def _dot_segments(path: str) -> str:
    """Return a path without empty and dot segments (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    slash = "/" if kept and segments[-1] in {"", ".", ".."} else ""
    return "/" + "/".join(kept) + slash


def _normalise(raw: str) -> str:
    """Return a path decoded once, without origin, parameters, fragment and detours."""
    path = _ORIGIN.sub("", raw, count=1) if "://" in raw and _ORIGIN.match(raw) else raw
    if path != raw and not path.startswith("/"):
        path = "/" + path
    path = re.split("[?#]", decode_once(path), maxsplit=1)[0]
    if not path.startswith("/"):
        return path or raw[:1].replace("%", "").replace("?", "").replace("#", "")
    return _dot_segments(_PARAMETER.sub("", path))


def _cut(path: str, limit: int) -> str:
    """Return the first signs of a path; where the cut makes something new, whole segments only."""
    if len(path) <= limit:
        return path
    cut = _CUT_ESCAPE.sub("", path[:limit])
    return cut if scrub_text(cut) == cut else cut[: cut.rfind("/") + 1]


def clean_path(raw: str, *, max_length: int = _LONGEST) -> str:
    """Return one path as a report may show it: the reference for `clean_paths`.

    >>> clean_path("http://www.example.com//a/./b/jane%40example.com;s=1")
    '/a/b/{email}'
    """
    path = _normalise(raw)
    scrubbed = scrub_text(path)
    if "%25" in path:
        scrubbed = _scrub_encoded(scrubbed)
    return _cut(scrubbed, max_length)


def _scrub_encoded(path: str) -> str:
    """Replace the segments that are personal only after further decoding."""
    decoded = decode_fully(path)
    if scrub_text(decoded) == decoded:
        return path
    segments = [_scrub_segment(segment) for segment in path.split("/")]
    joined = "/".join(segments)
    left = decode_fully(joined)
    return joined if scrub_text(left) == left else scrub_text(left).replace("%", "_")


def _scrub_segment(segment: str) -> str:
    decoded = decode_fully(segment)
    found = TOKEN.search(scrub_text(decoded)) if "%" in segment and not TOKEN.search(decoded) else None
    return found[0] if found else segment


def clean_paths(raw: pl.Series, *, max_length: int = _LONGEST) -> CleanPaths:
    """Return paths as a report may show them.

    Args:
        raw: Distinct paths as requested, without their query; nulls stay null.
        max_length: Characters kept.

    Returns:
        Percent-decoded once, `//`, dot segments and `;parameters` gone, no invisible
        sign, `{class}` in the place of what looks personal.
    """
    raw = raw.cast(pl.String)
    value = pl.lit(raw)
    odd = _rows_where(value.str.contains(_ODD) | (value.str.len_bytes() > max_length))
    return _scrub_rows(map_rows(raw, odd, _normalise), max_length)


def _rows_where(condition: pl.Expr) -> pl.Series:
    """Return the rows for which a condition holds, in one query; for nulls it does not."""
    return pl.select(condition.fill_null(value=False).arg_true()).to_series()


def _scrub_rows(values: pl.Series, max_length: int) -> CleanPaths:
    """Scrub and cut values, and count what was replaced in each."""
    value = pl.lit(values)
    rows = _rows_where(is_suspect(value) | value.str.contains("%25", literal=True))
    before = values[rows]
    after = scrub_values(before)
    after = map_rows(after, _rows_where(pl.lit(after).str.contains("%25", literal=True)), _scrub_encoded)
    classes = _count_classes(before, after, rows, len(values))
    values = put_rows(values, rows, after)
    too_long = _rows_where(pl.lit(values).str.len_chars() > max_length)
    return CleanPaths(map_rows(values, too_long, lambda path: _cut(path, max_length)), classes)


def _count_classes(before: pl.Series, after: pl.Series, rows: pl.Series, height: int) -> pl.DataFrame:
    """Return how many tokens of each class are new in each row; a client may write `{n}` itself."""
    none = pl.zeros(height, dtype=pl.UInt8, eager=True)
    classes = dict.fromkeys(CLASSES, none)
    if len(rows) < FEW:
        return pl.DataFrame(classes | _count_few(before, after, rows, none))
    for name in CLASSES if after.str.contains(_RARE).any() else _FREQUENT:
        token = "{" + name + "}"
        new = after.str.count_matches(token, literal=True).cast(pl.Int64)
        if new.sum():
            old = before.str.count_matches(token, literal=True).cast(pl.Int64)
            classes[name] = put_rows(none, rows, (new - old).clip(0, 255).cast(pl.UInt8))
    return pl.DataFrame(classes)


def _count_few(before: pl.Series, after: pl.Series, rows: pl.Series, none: pl.Series) -> dict[str, pl.Series]:
    """Return the counts of the classes that are new in any row."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for row, old, new in zip(rows.to_list(), before.to_list(), after.to_list(), strict=True):
        if old != new:
            for token, count in (Counter(TOKEN.findall(new)) - Counter(TOKEN.findall(old))).items():
                found[token[1:-1]][row] = min(count, 255)
    return {name: none.clone().scatter(list(counts), list(counts.values())) for name, counts in found.items()}


def _rewrite_encoded(path: str) -> str:
    """Return a raw path without what is personal only in a decoded form."""
    path = "/".join(_scrub_segment(segment) for segment in path.split("/"))
    left = decode_fully(path)
    if scrub_text(left) == left:
        return path
    return quote(scrub_text(left), safe="/{}@:;=&+$,!*'()~\\")  # personal across encoded slashes


def rewrite_paths(raw: pl.Series) -> pl.Series:
    """Return paths for a log: personal spans replaced, all else byte for byte.

    Args:
        raw: Distinct paths as written in the log; nulls stay null.

    Returns:
        The same rows. Personal is what is so in the raw or in a decoded form.
    """
    raw = raw.cast(pl.String)
    rows = find_suspects(raw).arg_true()
    values = put_rows(raw, rows, scrub_values(raw[rows]))
    encoded = values.str.contains("%", literal=True).fill_null(value=False).arg_true()
    if len(encoded) == 0:
        return values
    decoded = pl.Series([decode_fully(text) for text in values[encoded].to_list()], dtype=pl.String)
    suspect = find_suspects(decoded)
    encoded, decoded = encoded.filter(suspect), decoded.filter(suspect)
    encoded = encoded.filter(scrub_values(decoded) != decoded)
    return map_rows(values, encoded, _rewrite_encoded)


def clean_text(values: pl.Series, *, max_length: int = _LONGEST) -> pl.Series:
    """Return any client text fit to be shown: visible, scrubbed, cut; nulls stay.

    Args:
        values: Distinct values such as methods, protocols or virtual hosts.
        max_length: Characters kept.
    """
    shown = show_texts(values.cast(pl.String))
    return _scrub_rows(shown, max_length).values
