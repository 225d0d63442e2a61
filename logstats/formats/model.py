"""What a line looks like: literal text and fields in a row, or named values.

A format is data. It holds no parser, so that a fast plan and the exact parser
can be made from the same tokens and compared.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from logstats import schema
from logstats.frozen import frozen

Hit = dict[str, object]

# The columns that every hit has, None where the line does not tell.
COLUMNS: Final = (
    schema.TIME,
    schema.HOST,
    schema.USER,
    schema.METHOD,
    schema.PATH,
    schema.QUERY,
    schema.PROTOCOL,
    schema.STATUS,
    schema.BYTES_SENT,
    schema.REFERRER,
    schema.AGENT,
    schema.VHOST,
    schema.DURATION_US,
)

# Further columns, which a hit has only where its format tells them.
REQUEST: Final = "request"
CLIENT_PORT: Final = "client_port"
PEER: Final = "peer"
FORWARDED_FOR: Final = "forwarded_for"
UPSTREAM_ADDR: Final = "upstream_addr"
UPSTREAM_TIME_US: Final = "upstream_time_us"
CACHE_STATUS: Final = schema.CACHE_STATUS
TLS_PROTOCOL: Final = schema.TLS_PROTOCOL
TLS_CIPHER: Final = schema.TLS_CIPHER
COOKIE: Final = "cookie"
SERVER_PORT: Final = "server_port"
BYTES_RECEIVED: Final = "bytes_received"
LEVEL: Final = "level"
MESSAGE: Final = "message"
EXTRA_COLUMNS: Final = (
    CLIENT_PORT,
    PEER,
    FORWARDED_FOR,
    UPSTREAM_ADDR,
    UPSTREAM_TIME_US,
    CACHE_STATUS,
    TLS_PROTOCOL,
    TLS_CIPHER,
    COOKIE,
    SERVER_PORT,
    BYTES_RECEIVED,
    LEVEL,
    MESSAGE,
)


class Kind(StrEnum):
    """How the values of a line are told apart."""

    TEXT = "text"  # by their place between literal text
    JSON = "json"  # by their names in a JSON object
    LTSV = "ltsv"  # by their labels, separated by tabs
    W3C = "w3c"  # by their place, which a #Fields line tells


class Escape(StrEnum):
    r"""How the server writes what would break the line.

    `APACHE` and `NGINX` both write bytes as \xNN; Apache also writes \" and \\
    and \n, nginx writes these as \x22, \x5C and \x0A.
    """

    NONE = "none"
    APACHE = "apache"
    NGINX = "nginx"
    JSON = "json"
    DOUBLED = "doubled"  # a quote is written twice, as in CSV
    PLUS = "plus"  # a blank is written as +, as IIS does
    PERCENT = "percent"  # as in URLs: CloudFront, Squid


@frozen
class Literal:
    """Text that stands in every line as it is."""

    text: str


@frozen
class Field:
    """A value that differs from line to line.

    `name` is how the server calls it (`%{Referer}i`, `$request_time`, `cs-uri-stem`),
    `type` is a key of `types.TYPES`, `column` is where the value goes (None: read over),
    `argument` completes some types (the strftime format of a time).
    """

    name: str
    type: str
    column: str | None = None
    escape: Escape = Escape.NONE
    argument: str = ""


Token = Literal | Field


@frozen
class Sample:
    """A line of a format and some of the values that must be read from it."""

    line: str
    note: str
    reads: dict[str, object]


# How late a line may be written; one that seems to be later by nearly a day is of the day before.
_LATE: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@frozen
class Since:
    """The moment of the line before, or that of a `#Date:` line, which no line precedes."""

    moment: datetime
    is_hit: bool = False

    def place(self, time: datetime) -> datetime:
        """Return the moment of a time of day, whatever its day is.

        >>> since = Since(datetime(2026, 2, 1, 23, 59))
        >>> since.place(datetime(2000, 1, 1, 0, 1)).isoformat()
        '2026-02-02T00:01:00'
        """
        found = datetime.combine(self.moment.date(), time.timetz())
        if found < self.moment - _LATE:
            return found + _DAY
        return found - _DAY if self.is_hit and found >= self.moment + _DAY - _LATE else found


@dataclass(frozen=True, slots=True, eq=False)  # by identity, so that what is compiled for it is found at once
class Format:
    """What the lines of one log look like.

    For `Kind.TEXT` the `tokens` are the whole line in its order. For the other
    kinds they are Fields only, found by `name`, in any order.
    """

    name: str
    title: str
    kind: Kind
    tokens: tuple[Token, ...]
    layout: str = ""
    source: str = ""
    checked: date | None = None
    written_samples: str = ""  # as TOML; only who asks for them waits for them
    siblings: tuple[str, ...] = ()
    header: str = ""  # W3C: the #Fields line that holds until another one comes
    since: Since | None = None  # W3C: what times of day follow where no date stands beside them
    detected: bool = True  # False: another preset reads all its lines alike
    requires: tuple[str, ...] = field(
        default=()
    )  # names without which a JSON or LTSV line is another format's

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Lines of the format, and what must be read from them."""
        tables = tomllib.loads(self.written_samples).get("sample", ())
        return tuple(Sample(table["line"], table.get("note", ""), table["reads"]) for table in tables)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in their order, literal text left out."""
        return tuple(token for token in self.tokens if isinstance(token, Field))

    @property
    def tells_messages(self) -> bool:
        """Whether its lines are messages, as in an error log, and tell no request and no answer."""
        told = set(self.columns)
        return MESSAGE in told and not told & {schema.METHOD, schema.PATH, schema.STATUS, REQUEST}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a line of this format fills."""
        return tuple(dict.fromkeys(f.column for f in self.fields if f.column is not None))


@frozen
class Rejected:
    """Why a line is no hit: a key of the tally and the field that broke, if one is known.

    It never holds the line or a part of it.
    """

    reason: str
    field: str | None = None


NO_FORMAT: Final = "no_format"
BAD_TIME: Final = "bad_time"
