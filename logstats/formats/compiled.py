"""From a layout as the server's configuration has it to a format."""

from __future__ import annotations

import re
from typing import Final

from logstats import schema
from logstats.errors import UsageError
from logstats.formats import model
from logstats.formats.directives import compile_apache
from logstats.formats.model import Escape, Field, Format, Kind, Token
from logstats.formats.own import compile_own
from logstats.formats.variables import compile_nginx

# `LogFormat "%h %>s" short`: what httpd calls the format.
_NICKNAME: Final = re.compile(r'\A("(?:[^"\\]|\\.)*")\s+[^\s"%]+\s*\Z')
DIALECTS: Final = ("apache", "nginx", "own")
_ESCAPES: Final = {"default": Escape.NGINX, "json": Escape.JSON, "none": Escape.NONE}
_ESCAPE_WORD: Final = re.compile(r"\s*escape=(\w+)\s+")
_FIELD: Final = re.compile(r"%[<>!\d,]*(?:\{[^}]*\})?\^?[A-Za-z]|\$\{?\w|\{#?[\w.-]*:[a-z_]+")
_DIRECTIVE_WORD: Final = re.compile(r"\s*(?:log_format\s+[\w.-]+|LogFormat)\s+", re.IGNORECASE)


def compile_layout(
    layout: str,
    *,
    name: str = "custom",
    dialect: str | None = None,
    escape: str | None = None,
    quoted: bool = True,
) -> Format:
    r"""Return the format of a layout string.

    Args:
        layout: What stands after `LogFormat` or `log_format NAME`, with or without its quotes.
        name: How the format is called in messages.
        dialect: `apache`, `nginx` or `own`; told by the layout where it is None.
        escape: nginx's escape= (`default`, `json`, `none`); may also stand in front of the layout.
        quoted: Whether the quotes and backslashes of a configuration file may still be on it.

    Raises:
        UsageError: The layout names no field, or a directive that does not exist.

    >>> compile_layout('%h %>s').columns
    ('host', 'status')
    """
    text, found = layout, "default"
    if quoted:
        bare, is_directive = _DIRECTIVE_WORD.subn("", layout, count=1)
        bare = _NICKNAME.sub(r"\1", bare) if is_directive else bare
        text, found = _without_escape(bare)
        text = unquote(text)
    dialect = dialect or guess_dialect(text)
    if (escape or found) not in _ESCAPES:
        raise UsageError(f"escape is one of {', '.join(_ESCAPES)}")
    tokens = _tokens(text, dialect, _ESCAPES[escape or found])
    # what is printed of a format can be given to --format again
    told = f"escape={escape} {layout}" if escape not in (None, "default") else layout
    result = Format(name, name, Kind.TEXT, tokens, layout=told, siblings=_siblings(tokens))
    if not result.fields:
        raise UsageError("a log format needs fields: directives like %h, or variables like $remote_addr")
    return result


def _siblings(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """Return the formats in which lines beside a layout's own may be, in the same file.

    Apache and nginx write common or combined where a virtual host has no format of its own.
    """
    columns = {token.column for token in tokens if isinstance(token, Field)}
    return ("combined", "common") if {schema.HOST, schema.TIME, model.REQUEST} <= columns else ()


def _tokens(text: str, dialect: str, escape: Escape) -> tuple[Token, ...]:
    match dialect:
        case "apache":
            return compile_apache(text)
        case "nginx":
            return compile_nginx(text, escape)
        case "own":
            return compile_own(text)
        case _:
            raise UsageError(f"a log format is of {', '.join(DIALECTS)}, not {dialect}")


def _without_escape(layout: str) -> tuple[str, str]:
    match = _ESCAPE_WORD.match(layout)
    return (layout[match.end() :], match[1]) if match else (layout, "default")


def guess_dialect(layout: str) -> str:
    """Return whose layout this is, by its first field."""
    match = _FIELD.search(layout)
    if match is None:
        return "apache"
    return {"%": "apache", "$": "nginx", "{": "own"}[match[0][0]]


def unquote(text: str) -> str:
    r"""Return a layout without the quotes of its configuration file.

    Several pieces in single quotes are joined, as nginx does. Double quotes are the file's where they
    stand round the whole and round more than one field; `"%r" %>s` and `"$request"` keep theirs.

    >>> unquote(r'"%h \"%r\"" '), unquote(r'"$status\t$host"')
    ('%h "%r"', '$status\t$host')
    >>> unquote('"%r" "%h"'), unquote('"$request"'), unquote("'$a ' \n '$b'")
    ('"%r" "%h"', '"$request"', '$a $b')
    """
    bare = text.strip(" \t\r\n;")
    quote = bare[:1]
    pieces = _pieces(bare, quote) if quote in {"'", '"'} else None
    if pieces and (quote == "'" or (len(pieces) == 1 and _holds_more_than_a_field(pieces[0]))):
        return _unslash("".join(pieces))
    return _unslash(text) if re.search(r'\\["t]', text) else text


def _holds_more_than_a_field(text: str) -> bool:
    return r"\"" in text or len(_FIELD.findall(text)) > 1


def _pieces(text: str, quote: str) -> list[str] | None:
    if (
        re.fullmatch(
            rf"{quote}(?:[^{quote}\\]|\\.)*{quote}(?:\s*{quote}(?:[^{quote}\\]|\\.)*{quote})*",
            text,
            re.DOTALL,
        )
        is None
    ):
        return None
    return [piece[1:-1] for piece in re.findall(rf"{quote}(?:[^{quote}\\]|\\.)*{quote}", text, re.DOTALL)]


def _unslash(text: str) -> str:
    # httpd: \t and \n in a LogFormat are tab and newline; in both files \" is a quote
    known = {"t": "\t", "n": "\n", "r": "\r"}
    return re.sub(r"\\([tnr\"'\\])", lambda m: known.get(m[1], m[1]), text)
