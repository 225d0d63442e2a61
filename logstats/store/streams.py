"""How far each log was used; a log is known by what stands in it, never by its name or inode.

A stream is the unpacked text of a log that only grows. Rotated, packed, copied to another
disk it stays the same stream. It is known by marks: keyed fingerprints of the 4 KiB before
some offsets. No byte of a log is stored, and without the key nobody can try out lines.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from logstats.store.database import Store

WINDOW_BYTES: Final = 4096
MARK_BYTES: Final = 16
_NOTHING: Final = bytes(MARK_BYTES)
# Marks stand at powers of two from here (shorter than any line of an access log) and where reading ended.
FIRST_MARK: Final = 64
_PERSON: Final = b"logstats-stream"

Marks = dict[int, bytes]


@dataclass(slots=True)
class Stream:
    """A log by its content.

    Attributes:
        name: Of the file that held it last, for messages.
        used: Before this offset every line is counted.
        seen: Up to this offset it was read; behind it nothing is counted.
        marks: Offset -> fingerprint of what stands before it.
        day_before: The day of the last line before `used`, to which lines without a time belong.
        pending: Days of which lines stand before `seen` that are not counted, with how many.
        unchanged: Tells that a file has not been touched since it was used whole; empty if it was not.
        ledger: The line of the ledger that names it as read whole.
    """

    name: str
    used: int = 0
    seen: int = 0
    marks: Marks = field(default_factory=dict)
    day_before: date | None = None
    pending: dict[date, int] = field(default_factory=dict)
    unchanged: bytes = b""
    last_run: date = date.min
    ledger: int | None = None
    id: int | None = None

    @property
    def is_used_up(self) -> bool:
        """Whether every line that was read is counted."""
        return not self.pending and self.used == self.seen


def fingerprint(key: bytes, offset: int, window: bytes) -> bytes:
    """Return the keyed fingerprint of the bytes before an offset."""
    digest = hashlib.blake2b(window, key=key, digest_size=MARK_BYTES, person=_PERSON)
    digest.update(offset.to_bytes(8, "big"))
    return digest.digest()


def mark_offsets(length: int) -> list[int]:
    """Return where marks of a stream of this many bytes stand.

    >>> mark_offsets(300)
    [64, 128, 256, 300]
    """
    powers = [FIRST_MARK << n for n in range(64) if FIRST_MARK << n <= length]
    return sorted({*powers, length}) if length else []


def load_streams(store: Store, site: int) -> list[Stream]:
    """Return all streams of a site."""
    pending: dict[int, dict[date, int]] = {}
    sql = "SELECT stream, day, lines FROM pending WHERE stream IN (SELECT id FROM stream WHERE site = ?)"
    for stream, day, lines in store.ask(sql, (site,)):
        pending.setdefault(stream, {})[date.fromisoformat(day)] = lines
    rows = store.ask(
        "SELECT id, name, used, seen, day_before, marks, last_run, ledger FROM stream WHERE site = ?",
        (site,),
    )
    return [
        Stream(
            name=name,
            used=used,
            seen=seen,
            marks=_unpack(marks[MARK_BYTES:]),
            day_before=date.fromisoformat(before) if before else None,
            pending=pending.get(id_, {}),
            unchanged=marks[:MARK_BYTES].replace(_NOTHING, b""),
            last_run=date.fromisoformat(last_run),
            ledger=ledger,
            id=id_,
        )
        for id_, name, used, seen, before, marks, last_run, ledger in rows
    ]


def save_streams(store: Store, site: int, streams: Iterable[Stream]) -> None:
    """Write how far streams were used; inside a transaction, with the days that came of it."""
    for stream in streams:
        values = (
            site,
            stream.name,
            stream.used,
            stream.seen,
            stream.day_before.isoformat() if stream.day_before else None,
            (stream.unchanged or _NOTHING) + _pack(stream.marks),
            stream.last_run.isoformat(),
            stream.ledger,
        )
        sql = (
            "INSERT INTO stream(id, site, name, used, seen, day_before, marks, last_run, ledger)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET name = excluded.name,"
            " used = excluded.used, seen = excluded.seen, day_before = excluded.day_before,"
            " marks = excluded.marks, last_run = excluded.last_run,"
            " ledger = excluded.ledger RETURNING id"
        )
        number = store.ask(sql, (stream.id, *values))[0][0]
        stream.id = number
        store.ask("DELETE FROM pending WHERE stream = ?", (number,))
        for day, lines in sorted(stream.pending.items()):
            store.ask("INSERT INTO pending VALUES (?, ?, ?)", (number, day.isoformat(), lines))


def _pack(marks: Marks) -> bytes:
    return b"".join(struct.pack(">Q", offset) + mark for offset, mark in sorted(marks.items()))


def _unpack(packed: bytes) -> Marks:
    size = 8 + MARK_BYTES
    parts = [packed[start : start + size] for start in range(0, len(packed), size)]
    return {struct.unpack(">Q", part[:8])[0]: part[8:] for part in parts}
