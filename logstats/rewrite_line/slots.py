"""What stands in for personal values: found line by line, masked for many lines at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import Final, Protocol

import polars as pl

from logstats.frozen import frozen

NOTHING: Final = "-"
# Values that are remembered, of each kind, and the signs of the longest: 4 MB in all.
_REMEMBERED: Final = 1024
_LONGEST: Final = 256


class Masks(Protocol):
    """What stands in for personal values; each takes distinct values and returns as many."""

    @property
    def keep_query(self) -> bool:
        """Whether parts of queries may stay."""
        ...

    @property
    def by_day(self) -> bool:
        """Whether an address is replaced by something else on another day."""
        ...

    def mask_hosts(
        self, hosts: pl.Series, days: pl.Series | None, is_ipv4: pl.Series | None = None
    ) -> pl.Series:
        """Return what is written instead of each host, on its day where that matters.

        Args:
            hosts: As the server wrote them.
            days: The day of each.
            is_ipv4: Which are plain IPv4 addresses, where that is known.
        """
        ...

    def mask_targets(self, paths: pl.Series, queries: pl.Series | None) -> pl.Series:
        """Return each path, with what is kept of its query."""
        ...

    def mask_texts(self, texts: pl.Series) -> pl.Series:
        """Return texts without what looks personal in them."""
        ...

    def mask_referrers(self, referrers: pl.Series) -> pl.Series:
        """Return what is kept of each referrer."""
        ...

    def mask_agents(self, agents: pl.Series) -> pl.Series:
        """Return agent strings without addresses and e-mail addresses."""
        ...


class What(StrEnum):
    """What kind of value is to be masked."""

    HOST = "host"
    TARGET = "target"
    REFERRER = "referrer"
    AGENT = "agent"
    TEXT = "text"


Finish = Callable[[str], str]
# A value, and its day where that matters.
Key = tuple[str, date | None]


@frozen
class Slot:
    """A value to be masked, and how the masked one is written in its place.

    Attributes:
        what: Which mask.
        text: The value, free of the escapes of the line.
        finish: From the masked value to what is written.
    """

    what: What
    text: str
    finish: Finish


@frozen
class Group:
    """Pieces that are written together, as `finish` says: within quotes, with escapes."""

    pieces: tuple[Piece, ...]
    finish: Finish


Piece = str | Slot | Group


@frozen
class Planned:
    """A line as what stays and what is masked; the UTC day matters where tokens differ from day to day."""

    pieces: tuple[Piece, ...]
    day: date | None


class Filler:
    """Writes what stands for personal values into lines; threads may share it.

    Every distinct value is masked once. Short ones are remembered: odd lines are few in a block, and most of
    them say what those of other blocks said.

    Args:
        masks: What is written instead.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._known: dict[What, dict[Key, str]] = {what: {} for what in What}

    def fill(self, lines: Iterable[Planned]) -> Iterator[str]:
        """Yield each line as it is written."""
        every = list(lines)
        asked: dict[What, dict[Key, None]] = {what: {} for what in What}
        for line in every:
            for slot in _slots(line.pieces):
                asked[slot.what][_key(slot, line, self._masks)] = None
        masked = {what: self._mask(what, keys) for what, keys in asked.items()}

        def written(piece: Piece, line: Planned) -> str:
            match piece:
                case str():
                    return piece
                case Slot():
                    return piece.finish(masked[piece.what][_key(piece, line, self._masks)])
                case Group():
                    return piece.finish("".join(written(inner, line) for inner in piece.pieces))

        for line in every:
            yield "".join(written(piece, line) for piece in line.pieces)

    def _mask(self, what: What, keys: Iterable[Key]) -> dict[Key, str]:
        """Return what stands for each value."""
        # Another thread may put a new one in its place, but nothing is ever taken out of this one.
        known = self._known[what]
        masked = {key: known[key] for key in keys if key in known}
        new = [key for key in keys if key not in masked]
        made = dict(zip(new, _mask(what, new, self._masks), strict=True))
        if len(known) + len(made) > _REMEMBERED:
            known = self._known[what] = {}
        if len(made) <= _REMEMBERED:
            known.update((key, text) for key, text in made.items() if len(key[0]) <= _LONGEST)
        return masked | made


def _slots(pieces: Iterable[Piece]) -> Iterator[Slot]:
    for piece in pieces:
        if isinstance(piece, Slot):
            yield piece
        elif isinstance(piece, Group):
            yield from _slots(piece.pieces)


def _key(slot: Slot, line: Planned, masks: Masks) -> Key:
    return slot.text, line.day if masks.by_day and slot.what is What.HOST else None


def _mask(what: What, keys: list[Key], masks: Masks) -> list[str]:
    texts = pl.Series([text for text, _ in keys], dtype=pl.String)
    if not len(texts):
        return []
    match what:
        case What.HOST:
            return _mask_hosts(texts, [day for _, day in keys], masks)
        case What.TARGET:
            parts = texts.str.splitn("?", 2).struct.unnest()
            queries = parts["field_1"] if masks.keep_query else None
            found = masks.mask_targets(parts["field_0"].fill_null(""), queries)
        case What.REFERRER:
            found = masks.mask_referrers(texts)
        case What.AGENT:
            found = masks.mask_agents(texts)
        case What.TEXT:
            found = masks.mask_texts(texts)
    return found.fill_null(NOTHING).to_list()


def _mask_hosts(texts: pl.Series, days: list[date | None], masks: Masks) -> list[str]:
    """A token is of a day: where a line tells none, nothing stands for its addresses."""
    if not masks.by_day:
        return masks.mask_hosts(texts, None).fill_null(NOTHING).to_list()
    found = pl.repeat(NOTHING, len(texts), dtype=pl.String, eager=True)
    known = pl.Series([day is not None for day in days]).arg_true()
    if len(known):
        dated = pl.Series(days, dtype=pl.Date)[known]
        found = found.scatter(known, masks.mask_hosts(texts[known], dated).fill_null(NOTHING))
    return found.to_list()
