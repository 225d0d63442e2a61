"""The reference page of formats, made from the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from logstats.formats.delimited import IDENTIFIERS
from logstats.formats.directives import ARGUED, DIRECTIVES
from logstats.formats.fields import Meaning
from logstats.formats.model import EXTRA_COLUMNS, Format
from logstats.formats.presets import all_presets
from logstats.formats.types import TYPES
from logstats.formats.variables import VARIABLES

_HEAD: Final = """\
# Log formats

This page is made from the data in `logstats/formats/`; a test keeps it so. `logstats formats list` prints
the first table, `logstats formats show NAME` every field of one format.

A format is found by itself from the first lines of each file. `--format NAME` forces one, `--format 'LAYOUT'`
takes a line of the server's configuration (see [Read a log of your own format](../how-to/custom-format.md)).
Around a line may stand a syslog prefix (RFC 3164, RFC 5424), the prefix of Kubernetes' containerd or of
docker compose, docker's JSON (`{"log":"..."}`), quotes, or a byte order mark: they are taken off.

A W3C log with `time` and without `date` has its day from the `#Date:` line before. A time that goes back
by more than an hour is of the next day, until another `#Date:` line comes; lines before the first one have
no time and are rejected. `logstats collect` and `logstats nightly` refuse such a log: let the server write
the field `date`.

"""


def reference_page() -> str:
    """Return docs/reference/formats.md."""
    parts = (_presets(), _directives(), _variables(), _identifiers(), _types(), _columns())
    return _HEAD + "\n".join(parts)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _presets() -> str:
    heads = ("name", "log", "kind", "tells", "checked")
    rows = [
        (f"`{p.name}`", p.title, p.kind.value, _tells(p), f"[source]({p.source}), {p.checked}")
        for p in all_presets()
    ]
    return "## Presets\n\n" + _table(heads, rows)


def _tells(preset: Format) -> str:
    return " ".join(dict.fromkeys(preset.columns))


_EVIDENCE: Final = ("type", "column", "evidence")
_APACHE: Final = """\
## Apache: directives of LogFormat

Modifiers (`%>s`, `%<s`, `%!200,304s`) may stand before each. `%{...}t` takes strftime, `sec`, `msec`, `usec`,
`msec_frac` and `usec_frac`, with `begin:` or `end:` before it. Other `%{NAME}i`, `o`, `n`, `e`, `C`, `x`,
`c`, `^ti` and `^to` are read over.

"""
_NGINX: Final = """\
## nginx: variables of log_format

Any other variable (`map`, `set`, `geo`, a module's) is read over. `escape=default`,
`json` and `none` are undone.

"""
_W3C: Final = """\
## W3C: identifiers of #Fields

Any other one is read over.

"""


def _directives() -> str:
    rows = [(f"`%{letter}`", *_meaning(meaning)) for letter, meaning in DIRECTIVES.items()]
    rows += [(f"`%{{{argument}}}{letter}`", *_meaning(known)) for (letter, argument), known in ARGUED.items()]
    return _APACHE + _table(("directive", *_EVIDENCE), rows)


def _variables() -> str:
    rows = [(f"`${name}`", *_meaning(meaning)) for name, meaning in VARIABLES.items()]
    return _NGINX + _table(("variable", *_EVIDENCE), rows)


def _identifiers() -> str:
    rows = [(f"`{name}`", *_meaning(meaning)) for name, meaning in IDENTIFIERS.items()]
    return _W3C + _table(("identifier", *_EVIDENCE), rows)


def _meaning(meaning: Meaning) -> tuple[str, str, str]:
    return meaning.type, meaning.column or "", meaning.evidence


def _types() -> str:
    rows = [(f"`{name}`", type_.says) for name, type_ in TYPES.items()]
    return "## Types\n\n" + _table(("type", "what it is"), rows)


_COLUMNS: Final = """\
## Columns

Every hit has `time` (UTC), `host`, `user`, `method`, `path`, `query` (without its question mark), `protocol`,
`status`, `bytes_sent` (0 for a hyphen), `referrer`, `agent`, `vhost` and `duration_us`; None where the
line does not tell. Where the format tells them, it has these too:

"""


def _columns() -> str:
    return _COLUMNS + "".join(f"- `{name}`\n" for name in EXTRA_COLUMNS)
