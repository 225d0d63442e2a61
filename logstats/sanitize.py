"""Access logs in the form that the Tor Project publishes its own in.

A line keeps the day, the method, the path, the protocol, the status and the
bytes. Lines of a day are sorted, so that their order tells nothing, and only days
that are over are written.

Source: https://metrics.torproject.org/web-server-logs.html (cleaned web-server logs).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.batches import MINUTE, PROTOCOL, REQUEST
from logstats.errors import InputError
from logstats.parse import batch_of_hits, parse_block
from logstats.pii import rewrite_paths
from logstats.pii.text import show_texts
from logstats.tally import Tally

if TYPE_CHECKING:
    from logstats.batches import ParsedBatch
    from logstats.formats import Format
    from logstats.jobs import Job, Logs

METHODS: Final = ("GET", "HEAD")
# Requests that were none, and addresses that somebody mistyped or guessed.
LEFT_OUT_STATUSES: Final = (400, 404)
_DAY: Final = "day"
_LINE: Final = "line"
_COUNT: Final = "count"
# Distinct lines of batches are merged when there are this many; without address and time they repeat.
_MERGE_AT: Final = 200_000
_WRITE_AT_ONCE: Final = 100_000


class NoAccessLog(InputError):
    """A log that tells no request, such as an error log: nothing is known of what stands in it."""

    def __init__(self, source: str) -> None:
        super().__init__(f"{source}: is no access log; nothing was written")


def sanitize_logs(logs: Logs, sanitizer: Sanitizer) -> Tally:
    """Hand all hits of the logs to a sanitizer; return the account, in which `filtered` is what was left out.

    Raises:
        NoAccessLog: The lines of a source tell no requests.
    """
    lines = Tally()
    for job in logs.jobs():
        lines.add(_sanitize_job(job, sanitizer))
    lines.filtered = sanitizer.left_out
    return lines


def _sanitize_job(job: Job, sanitizer: Sanitizer) -> Tally:
    if not job.formats:
        return job.unread()
    if not _tells_requests(job.formats[0]):
        raise NoAccessLog(job.block.source)
    parsed = parse_block(job.block.data, job.formats)
    if parsed.batch is not None:
        sanitizer.add_batch(parsed.batch)
    if parsed.odd_hits:
        sanitizer.add_batch(batch_of_hits(parsed.odd_hits, job.formats[0]))
    parsed.tally.add(job.unread())
    return parsed.tally


def _tells_requests(format_: Format) -> bool:
    columns = set(format_.columns)
    return {schema.TIME, schema.STATUS} <= columns and bool({"request", schema.METHOD} & columns)


class Sanitizer:
    """Sanitized lines of many batches, each distinct one held once.

    Attributes:
        left_out: How many hits are not published.
    """

    def __init__(self, today: date) -> None:
        """Take the UTC day that is not over yet."""
        self._today = today
        self._parts: list[pl.DataFrame] = []
        self._held = 0
        self.left_out = 0

    def add_batch(self, parsed: ParsedBatch) -> None:
        """Take the hits of a batch that are published."""
        requests, protocols = parsed.values[REQUEST], parsed.values[PROTOCOL][PROTOCOL]
        is_read = requests[schema.METHOD].is_in(METHODS) & requests[schema.PATH].str.starts_with("/")
        texts = pl.select(requests[schema.METHOD] + " " + _paths(requests[schema.PATH])).to_series()
        http = protocols.str.starts_with("HTTP/")
        hits = parsed.hits.lazy().select(
            pl.lit(parsed.values[MINUTE][schema.TIME].dt.date()).gather(MINUTE).alias(_DAY),
            pl.lit(texts.zip_with(is_read.fill_null(value=False), _nulls(len(texts))))
            .gather(REQUEST)
            .alias("request"),
            pl.lit(protocols.zip_with(http.fill_null(value=False), _nulls(len(http))))
            .gather(PROTOCOL)
            .alias("http"),
            schema.STATUS,
            schema.BYTES_SENT,
        )
        published = (
            pl.all_horizontal(pl.col(_DAY, "request", "http").is_not_null())
            & pl.col(schema.STATUS).is_between(100, 599)
            & ~pl.col(schema.STATUS).is_in(LEFT_OUT_STATUSES)
            & (pl.col(_DAY) < self._today)
        )
        counted = hits.filter(published).group_by(pl.all()).agg(pl.len().alias(_COUNT))
        lines = counted.select(_DAY, _line(), _COUNT).collect()
        self.left_out += parsed.hits.height - int(lines[_COUNT].sum())
        self._parts.append(lines)
        self._held += lines.height
        if self._held > _MERGE_AT:
            self._merge()
            self._held = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield all lines, day after day, those of a day sorted by their bytes; a repeated line as often."""
        self._merge()
        whole = self._parts[0].sort(_DAY, _LINE)
        for start in range(0, whole.height, _WRITE_AT_ONCE):
            part = whole[start : start + _WRITE_AT_ONCE]
            for line, count in zip(part[_LINE], part[_COUNT], strict=True):
                yield f"{line}\n".encode() * count

    def _merge(self) -> None:
        empty = pl.DataFrame(schema={_DAY: pl.Date, _LINE: pl.String, _COUNT: pl.UInt32})
        whole = pl.concat([empty, *(part.cast({_COUNT: pl.UInt32}) for part in self._parts)])
        self._parts = [whole.group_by(_DAY, _LINE).agg(pl.sum(_COUNT))]


def _paths(raw: pl.Series) -> pl.Series:
    """Return paths without personal segments, and without what would end a field of the line."""
    shown = show_texts(rewrite_paths(raw))
    return shown.str.replace_all('"', "%22", literal=True).str.replace_all(" ", "%20", literal=True)


def _nulls(height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.String, eager=True)


def _line() -> pl.Expr:
    # %b of Apache: a hyphen where no byte was sent.
    sent = (
        pl.when(pl.col(schema.BYTES_SENT) > 0)
        .then(pl.col(schema.BYTES_SENT).cast(pl.String))
        .otherwise(pl.lit("-"))
    )
    return pl.format(
        '0.0.0.0 - - [{}:00:00:00 +0000] "{} {}" {} {}',
        pl.col(_DAY).dt.strftime("%d/%b/%Y"),
        pl.col("request"),
        pl.col("http"),
        pl.col(schema.STATUS),
        sent,
    ).alias(_LINE)
