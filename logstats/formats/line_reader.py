"""Lines of one source in their order, by its formats; a `#Fields:` line changes what follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from logstats import schema
from logstats.formats.delimited import follow, is_comment
from logstats.formats.lines import parse_line, swallowed
from logstats.formats.model import MESSAGE, NO_FORMAT, Format, Hit, Kind, Rejected, Since
from logstats.formats.undated import dated, is_undated, read_date


class LineReader:
    """Reads the lines of one source, and remembers the columns and the day that W3C headers announced.

    The formats are tried in their order: the one of the source first, then its siblings.
    """

    def __init__(self, formats: Sequence[Format]) -> None:
        self._formats = tuple(formats)
        self._since = next((one.since for one in self._formats if one.since is not None), None)
        self._is_undated = any(map(is_undated, self._formats[:1]))

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats in force, after what headers have announced and lines have told so far."""
        return tuple(dated(one, self._since) for one in self._formats)

    def read(self, line: str) -> Hit | Rejected | None:
        """Return the hit of the next line, why it is none, or None for a comment or a blank line."""
        if not line.strip():
            return None
        if is_comment(line):
            self._heed(line)
            return None
        hit = self._first_fit(line)
        if self._since is not None and not isinstance(hit, Rejected):
            self._place(hit)
        return hit

    def _heed(self, comment: str) -> None:
        # A header in the log of another server is text that somebody sent, and says nothing of other lines.
        if not any(known.kind is Kind.W3C for known in self._formats):
            return
        announced, since = follow(comment), read_date(comment)
        if announced is not None:
            others = (known for known in self._formats if not known.header)
            self._formats = (dated(announced, self._since), *others)
            self._is_undated = is_undated(announced)
        if since is not None:
            self._since = since
            self._formats = self.formats

    def _place(self, hit: Hit) -> None:
        """Put a hit whose line tells no day on the one that follows from the lines before."""
        time = hit[schema.TIME]
        if self._since is not None and self._is_undated and isinstance(time, datetime):
            self._since = Since(self._since.place(time), is_hit=True)
            hit[schema.TIME] = self._since.moment

    def _first_fit(self, line: str) -> Hit | Rejected:
        found: Hit | Rejected = Rejected(NO_FORMAT)
        for number, format_ in enumerate(self._formats):
            # the message of an error may go over several lines, a hit never does
            hit = parse_line(format_, line if MESSAGE in format_.columns else line.partition("\n")[0])
            # a line with more fields than the format is better read by one that has them
            if not isinstance(hit, Rejected) and not swallowed(hit):
                return hit
            if number == 0 or isinstance(found, Rejected) > isinstance(hit, Rejected):
                found = hit
        return found
