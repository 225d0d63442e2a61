"""A closed day as numbers: all its tables in one frame of integers, texts as numbers of labels."""

from __future__ import annotations

import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from logstats import schema
from logstats.frozen import frozen
from logstats.store.database import Store, StoreDamaged
from logstats.summaries import COUNTS, SUMMARY_KEYS, Summary, table_schema
from logstats.tally import Tally

# What stands for a table in the file; never changed, only added to.
TABLE_NUMBERS: Final[dict[str, int]] = {
    "days": 0,
    "hours": 1,
    "pages": 2,
    "static_files": 3,
    "errors": 4,
    "statuses": 5,
    "methods": 6,
    "protocols": 7,
    "referrers": 8,
    "browsers": 9,
    "systems": 10,
    "devices": 11,
    "bots": 12,
    "countries": 13,
    "networks": 14,
    "vhosts": 15,
    "durations": 16,
    "kinds": 17,
    "cache": 18,
    "tls": 19,
}
# Made of another table when it is read: each day is one weekday.
DERIVED: Final = "weekday_hours"
# Searches for text in binary files look at runs of six printable characters and more.
_RUN: Final = 5
TABLE: Final = "table"
KEYS: Final = ("key1", "key2", "key3")
ROW_SCHEMA: Final[dict[str, pl.DataType]] = {
    TABLE: pl.UInt8(),
    **dict.fromkeys(KEYS, pl.Int64()),
    **dict.fromkeys(COUNTS, pl.Int64()),
}


@dataclass(slots=True)
class Account:
    """What became of the lines of a day, and how exact its counts are.

    Attributes:
        lines: All lines of the day.
        late: Of them, those that came after the day was closed: hits without visitors.
        dropped: Lines that came late and were not counted.
        vanished: Lines that were seen, and were gone before the day was closed.
        tables: Those the logs could tell something about.
        folded: Table -> hits that any row may lack at most, because it was folded into `(other)`.
        unions: Table -> (t, visitors of all rows of under t visitors together); t ascending.
        sample_bits: Visitors are estimated from one in 2^sample_bits; 0 is all of them.
        policy: Digest of the policy the day was counted under.
    """

    lines: Tally = field(default_factory=Tally)
    late: int = 0
    dropped: int = 0
    vanished: int = 0
    tables: tuple[str, ...] = ()
    folded: dict[str, int] = field(default_factory=dict)
    unions: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    sample_bits: int = 0
    policy: str = ""

    def to_json(self) -> str:
        """Return the account as text for the store: the same account gives the same text."""
        lines = self.lines
        content = {
            "read": lines.read,
            "parsed": lines.parsed,
            "blank": lines.blank,
            "rejected": dict(+lines.rejected),
            "late": self.late,
            "dropped": self.dropped,
            "vanished": self.vanished,
            "tables": sorted(self.tables),
            "folded": self.folded,
            "unions": self.unions,
            "sample_bits": self.sample_bits,
            "policy": self.policy,
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Account:
        """Return the account that `to_json` wrote."""
        told = json.loads(text)
        lines = Tally(told["read"], told["parsed"], told["blank"], rejected=Counter(told["rejected"]))
        unions = {
            table: [(at, visitors) for at, visitors in steps] for table, steps in told["unions"].items()
        }
        return cls(
            lines,
            told["late"],
            told["dropped"],
            told["vanished"],
            tuple(told["tables"]),
            told["folded"],
            unions,
            told["sample_bits"],
            told["policy"],
        )


@frozen
class ClosedDay:
    """One day that is over: its counts and the account of its lines."""

    day: date
    summary: Summary
    account: Account


def is_text(table: str) -> list[bool]:
    """Return for each key of a table whether it is text."""
    columns = table_schema(table)
    return [columns[key] == pl.String for key in _keys(table)]


def _keys(table: str) -> tuple[str, ...]:
    return SUMMARY_KEYS[table] if table != "days" else ()


def to_rows(summary: Summary) -> dict[str, pl.DataFrame]:
    """Return the tables of a summary that are stored, `days` among them."""
    return {
        "days": summary.days,
        **{name: frame for name, frame in summary.tables.items() if name != DERIVED},
    }


def pack_counts(store: Store, summary: Summary) -> bytes:
    """Return the tables of one day as bytes; their texts become labels of the store, in this transaction."""
    tables = to_rows(summary)
    labels = number_labels(store, _texts(tables))
    parts = [_pack_table(name, frame, labels) for name, frame in tables.items() if frame.height]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=ROW_SCHEMA)
    packed = io.BytesIO()
    rows.sort(TABLE, *KEYS, nulls_last=True).write_ipc_stream(packed, compression="zstd")
    return part_bytes(packed.getvalue())


def part_bytes(packed: bytes) -> bytes:
    r"""Return the bytes with one that is no text after every five.

    In megabytes of packed numbers some would look like an e-mail address or a word to
    whoever searches the file for personal data, as `logstats audit` does.

    >>> part_bytes(b"a@b.example")
    b'a@b.e\xffxampl\xffe'
    """
    parted = bytearray(b"\xff") * (len(packed) + (len(packed) - 1) // _RUN)
    for place in range(_RUN):
        parted[place :: _RUN + 1] = packed[place::_RUN]
    return bytes(parted)


def join_bytes(parted: bytes) -> bytes:
    """Return what `part_bytes` was given."""
    packed = bytearray(len(parted) - len(parted) // (_RUN + 1))
    for place in range(_RUN):
        packed[place::_RUN] = parted[place :: _RUN + 1]
    return bytes(packed)


def _texts(tables: dict[str, pl.DataFrame]) -> pl.Series:
    texts = [
        frame[key]
        for name, frame in tables.items()
        for key, text in zip(_keys(name), is_text(name), strict=True)
        if text
    ]
    found = pl.concat(texts) if texts else pl.Series(dtype=pl.String)
    return found.drop_nulls().unique().sort()


def number_labels(store: Store, texts: pl.Series) -> pl.DataFrame:
    """Return the number of each text; those that are new are added."""
    store.put("INSERT OR IGNORE INTO label(text) VALUES (?)", ((text,) for text in texts))
    sql = "SELECT id, text FROM label WHERE text IN (SELECT value FROM json_each(?))"
    return _label_frame(store.ask(sql, (json.dumps(texts.to_list()),)))


def read_labels(store: Store, numbers: pl.Series) -> pl.DataFrame:
    """Return the texts of these labels: `label`, `text`."""
    sql = "SELECT id, text FROM label WHERE id IN (SELECT value FROM json_each(?))"
    return _label_frame(store.ask(sql, (json.dumps(numbers.to_list()),)))


def _label_frame(rows: list[tuple[int, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"label": pl.Int64, "text": pl.String}, orient="row")


def _pack_table(name: str, frame: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    packed = frame.select(pl.lit(TABLE_NUMBERS[name], pl.UInt8).alias(TABLE), *_keys(name), *COUNTS)
    keys = _keys(name)
    for key, text in zip(keys, is_text(name), strict=True):
        if text:
            packed = (
                packed.join(labels, left_on=key, right_on="text", how="left").drop(key).rename({"label": key})
            )
    missing = [pl.lit(None, pl.Int64).alias(place) for place in KEYS[len(keys) :]]
    return packed.rename(dict(zip(keys, KEYS, strict=False))).with_columns(missing).select(*ROW_SCHEMA)


def unpack_counts(store: Store, packed: bytes, checksum: int) -> pl.DataFrame:
    """Return the rows of one day, with `ROW_SCHEMA`.

    Raises:
        StoreDamaged: These are not the bytes that were written.
    """
    if zlib.crc32(packed) != checksum:
        raise StoreDamaged(store.path, "a day in it is damaged")
    return pl.read_ipc_stream(join_bytes(packed))


def take_table(rows: pl.DataFrame, name: str, labels: pl.DataFrame) -> pl.DataFrame:
    """Return one table of stored rows: what stands beside `ROW_SCHEMA`, its keys, counts."""
    found = rows.filter(pl.col(TABLE) == TABLE_NUMBERS[name])
    others = [column for column in rows.columns if column not in ROW_SCHEMA]
    for place, text in zip(KEYS, is_text(name), strict=False):
        if text:
            texts = found.select(place).join(
                labels, left_on=place, right_on="label", how="left", maintain_order="left"
            )
            found = found.with_columns(texts["text"].alias(place))
    names = dict(zip(KEYS, _keys(name), strict=False))
    return found.select(*others, *names, *COUNTS).rename(names)


def label_numbers(rows: pl.DataFrame) -> pl.Series:
    """Return the numbers of all labels that rows point to."""
    found: list[pl.Series] = []
    for name, number in TABLE_NUMBERS.items():
        places = [place for place, text in zip(KEYS, is_text(name), strict=False) if text]
        if places:
            some = rows.filter(pl.col(TABLE) == number)
            found += [some[place] for place in places]
    return pl.concat(found).drop_nulls().unique()


def add_weekdays(tables: dict[str, pl.DataFrame]) -> None:
    """Make the table of weekdays of that of hours."""
    if "hours" in tables:
        hours = tables["hours"]
        weekday = pl.col(schema.DAY).dt.weekday().cast(pl.Int64).alias(schema.WEEKDAY)
        tables[DERIVED] = hours.select(schema.DAY, weekday, pl.exclude(schema.DAY))


def sum_accounts(accounts: Iterable[Account]) -> Account:
    """Return one account of several days: lines add up, the worst error of each table counts."""
    total = Account()
    for one in accounts:
        total.lines.add(one.lines)
        total.late += one.late
        total.dropped += one.dropped
        total.vanished += one.vanished
        total.sample_bits = max(total.sample_bits, one.sample_bits)
        for table, hits in one.folded.items():
            total.folded[table] = total.folded.get(table, 0) + hits
    return total
