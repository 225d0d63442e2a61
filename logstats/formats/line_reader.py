"""Lines of one source in their order, by its formats; a `#Fields:` line changes what follows."""

from __future__ import annotations

from collections.abc import Sequence

from logstats.formats.delimited import follow, is_comment
from logstats.formats.lines import parse_line, swallowed
from logstats.formats.model import MESSAGE, NO_FORMAT, Format, Hit, Rejected


class LineReader:
    """Reads the lines of one source, and remembers the columns that a W3C header announced.

    The formats are tried in their order: the one of the source first, then its siblings.
    """

    def __init__(self, formats: Sequence[Format]) -> None:
        self._formats = tuple(formats)

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats in force, after what headers have announced so far."""
        return self._formats

    def read(self, line: str) -> Hit | Rejected | None:
        """Return the hit of the next line, why it is none, or None for a comment or a blank line."""
        if not line.strip():
            return None
        if is_comment(line):
            announced = follow(line)
            if announced is not None:
                self._formats = (announced, *(known for known in self._formats if not known.header))
            return None
        return self._first_fit(line)

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
