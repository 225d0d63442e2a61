"""A verdict on a log in words: what fits, what almost fits, and where it breaks.

A line is shown by its shape only (letters as a, digits as 9), never by its content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from logstats.formats.delimited import is_comment
from logstats.formats.detect import Verdict, shape
from logstats.formats.layout import expressions
from logstats.formats.lines import parse_line
from logstats.formats.model import Format, Kind, Literal, Rejected
from logstats.formats.presets import all_presets
from logstats.frozen import frozen

# Other formats that a verdict names, and lines whose break it shows.
OTHERS_NAMED: Final = 3
BREAKS_SHOWN: Final = 3


@frozen
class Break:
    """Where a line stops to fit a format: how many of its tokens fit, and the name of the next field."""

    fits: int
    tokens: int
    field: str


def explain(verdict: Verdict, lines: Sequence[str]) -> list[str]:
    """Return the verdict in lines of text for a reader."""
    looked_at = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if verdict.format is None:
        return _nothing_fits(looked_at)
    name = verdict.format.name
    text = [f"{name}: fits {verdict.counts[name]} of {verdict.lines} lines ({verdict.format.title})"]
    others = [f"{other} {count}" for other, count in verdict.counts.items() if other != name][:OTHERS_NAMED]
    if others:
        text.append(f"also fit: {', '.join(others)}")
    return text + _breaks(verdict.format, verdict.siblings, looked_at)


def _breaks(format_: Format, siblings: Sequence[Format], lines: Sequence[tuple[int, str]]) -> list[str]:
    text: list[str] = []
    for number, line in lines:
        if is_comment(line) or any(_reads(known, line) for known in (format_, *siblings)):
            continue
        found = break_of(format_, line)
        where = f" at {found.field}" if found else ""
        text += [f"line {number} breaks{where}:", f"  {shape(line)}"]
        if len(text) >= 2 * BREAKS_SHOWN:
            break
    return text


def _nothing_fits(lines: Sequence[tuple[int, str]]) -> list[str]:
    if not lines:
        return ["no lines"]
    number, line = lines[0]
    text = [f"no format fits; line {number} looks like this:", f"  {shape(line)}"]
    nearest = nearest_format(line)
    if nearest:
        format_, found = nearest
        text.append(f"nearest is {format_.name}: it breaks at {found.field}")
    return text


def nearest_format(line: str) -> tuple[Format, Break] | None:
    """Return the preset that fits most of a line from its beginning, and where it breaks."""
    found = [
        (format_, where) for format_ in all_presets() if (where := break_of(format_, line)) and where.fits > 1
    ]
    return max(found, key=lambda pair: pair[1].fits / pair[1].tokens, default=None)


def break_of(format_: Format, line: str) -> Break | None:
    """Return where a line breaks a text format; None if it fits, or if the format is of another kind.

    >>> from logstats.formats import preset
    >>> break_of(preset("common"), '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 2000 5').field
    '%>s'
    """
    if format_.kind is not Kind.TEXT or _reads(format_, line):
        return None
    bare = line.rstrip("\r\n \t")
    fits = 0
    for pattern in _prefixes(format_):
        if pattern.match(bare) is None:
            break
        fits += 1
    following = format_.tokens[fits:] or format_.tokens[-1:]
    field = next((token.name for token in following if not isinstance(token, Literal)), "the end of the line")
    return Break(fits, len(format_.tokens), field)


def _reads(format_: Format, line: str) -> bool:
    return not isinstance(parse_line(format_, line), Rejected)


@lru_cache(maxsize=256)
def _prefixes(format_: Format) -> tuple[re.Pattern[str], ...]:
    pieces = expressions(format_.tokens, heed_backslash=True)
    flags = re.DOTALL | re.ASCII
    return tuple(re.compile("".join(pieces[:end]), flags) for end in range(1, len(pieces) + 1))
