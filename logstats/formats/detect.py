"""Which format fits the first lines of a log.

A line may fit several formats (a combined line fits a layout that ends in free text). The
format that fits most lines wins; among those, the one whose fields leave least to chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from logstats.formats.delimited import follow, is_comment
from logstats.formats.envelopes import Inner, candidates
from logstats.formats.layout import has_literals
from logstats.formats.lines import parse_first, swallowed
from logstats.formats.model import Field, Format, Hit, Kind, Literal, Rejected
from logstats.formats.presets import all_presets, preset
from logstats.formats.types import TYPES
from logstats.frozen import frozen

# Enough to see past a banner or a burst of broken lines, little enough to be done at once.
LINES_LOOKED_AT: Final = 200


@frozen
class Verdict:
    """What the first lines of a log look like.

    `format` is None if nothing fits; `counts` says how many lines each format fits, best first;
    `siblings` are the formats to try on lines that the first does not fit.
    """

    format: Format | None
    counts: dict[str, int]
    lines: int
    siblings: tuple[Format, ...] = ()


def detect_format(lines: Iterable[str], among: Sequence[Format] | None = None) -> Verdict:
    """Return which format fits the lines best.

    Args:
        lines: The first lines of a log, decoded; blank ones do not count.
        among: The formats to choose from; all presets where it is None.
    """
    looked_at = [line for line in lines if line.strip()][:LINES_LOOKED_AT]
    formats = [preset for preset in all_presets() if preset.detected] if among is None else among
    # What may stand in an envelope is the same for each format.
    inners = [list(candidates(line.rstrip("\r\n"))) for line in looked_at]
    formats = _possible((*announced(looked_at), *formats), inners[::_EVERY])
    counts: dict[Format, int] = {}
    told: dict[Format, int] = {}
    for format_ in formats:
        hits = [hit for line in inners if not isinstance(hit := parse_first(format_, line), Rejected)]
        if hits:
            counts[format_] = len(hits)
            told[format_] = sum(map(told_by, hits))
    ranked = sorted(counts, key=lambda f: (-counts[f], -told[f], -certainty(f), f.name))
    best = ranked[0] if ranked else None
    by_name = {format_.name: counts[format_] for format_ in ranked}
    return Verdict(best, by_name, len(looked_at), _siblings(best) if best else ())


# A format that fits not one line in so many is looked at no further, unless none does.
_EVERY: Final = 8


def _possible(formats: Sequence[Format], lines: Sequence[Sequence[Inner]]) -> Sequence[Format]:
    # Texts that stand in no line stand not in all of them; a line may lack its last quote mark.
    every = "".join(f'{inner.line}"\n' for line in lines for inner in line)
    likely = (f for f in formats if f.kind is not Kind.TEXT or has_literals(f, every))
    fit = [f for f in likely if any(not isinstance(parse_first(f, line), Rejected) for line in lines)]
    return fit or formats


# A value that has swallowed others costs as much as it may have hidden.
_PENALTY: Final = 4


def told_by(hit: Hit) -> int:
    """Return how many columns a hit tells, less where one has swallowed another."""
    told = sum(value is not None for value in hit.values())
    return told - _PENALTY * swallowed(hit)


def announced(lines: Sequence[str]) -> tuple[Format, ...]:
    """Return the formats that `#Fields:` lines announce."""
    found = (follow(line) for line in lines if is_comment(line))
    return tuple(dict.fromkeys(format_ for format_ in found if format_ is not None))


def _siblings(format_: Format) -> tuple[Format, ...]:
    return tuple(preset(name) for name in format_.siblings)


@lru_cache(maxsize=512)
def certainty(format_: Format) -> int:
    """Return how little a format leaves to chance: strict fields and literal text weigh."""
    weight = 0
    for token in format_.tokens:
        if isinstance(token, Literal):
            weight += len(token.text)
        elif isinstance(token, Field):
            weight += _WEIGHTS.get(token.type, 3 if TYPES[token.type].bounded else 0)
    return weight


_WEIGHTS: Final = {"clf": 10, "iso": 10, "strftime": 10, "request": 2, "integer": 2, "text": -1, "seconds": 2}


def shape(line: str, *, width: int = 120) -> str:
    """Return the look of a line without its content: letters as a, digits as 9, the rest as a dot or itself.

    >>> shape('203.0.113.9 - anna "GET /é"')
    '999.9.999.9 - aaaa "aaa /a"'
    """
    text = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", line[: width + 1]))
    text = re.sub(r"[^a9 \t!-/:-@\[-`{-~]", ".", text).replace("\t", "\\t")
    return text if len(line) <= width else text[:width] + "…"
