r"""Formats out of a server's configuration: nginx's `log_format`, Apache's `LogFormat` and `CustomLog`.

Sources: https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format,
https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#logformat, and
https://httpd.apache.org/docs/2.4/configuring.html#syntax (a backslash at the end joins lines).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from logstats.errors import InputError, UsageError
from logstats.formats.compiled import compile_layout
from logstats.formats.model import Format

# A configuration includes others, which include others; more than this is a circle.
_DEEPEST: Final = 10

_QUOTED: Final = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
_NGINX_TOKEN: Final = re.compile(rf"#[^\n]*|{_QUOTED}|[;{{}}]|[^\s;{{}}'\"#][^\s;{{}}]*+", re.DOTALL)
_APACHE_WORD: Final = re.compile(rf"{_QUOTED}|\S+", re.DOTALL)
_CONTINUED: Final = re.compile(r"\\\r?\n")
# What nginx and Debian's Apache have without a line in the file.
_NGINX_INCLUDE: Final = "include"
_APACHE_INCLUDES: Final = frozenset({"include", "includeoptional"})


def read_config(path: str | Path) -> dict[str, Format]:
    """Return the formats that a configuration file names, with those of the files it includes.

    Included files are looked for beside the first file and by their absolute paths; what is
    missing is skipped, since a configuration is often looked at on another machine.

    Raises:
        InputError: The first file cannot be read.
        UsageError: A format in it cannot be understood.
    """
    first = Path(path)
    try:
        text = first.read_text("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{first}: {(error.strerror or 'cannot be read').lower()}") from None
    return dict(_formats(text, first.parent, _DEEPEST))


def formats_of(text: str) -> dict[str, Format]:
    r"""Return the formats that the text of a configuration names.

    >>> list(formats_of('LogFormat "%h %>s" short')), list(formats_of("log_format main $status;"))
    (['short'], ['main'])
    """
    return dict(_formats(text, Path("/nonexistent"), 0))


def _formats(text: str, root: Path, depth: int) -> Iterator[tuple[str, Format]]:
    yield from _apache(text)
    yield from _nginx(text)
    if depth:
        for included in _included(text, root):
            yield from _formats(included.read_text("utf-8", "replace"), root, depth - 1)


def _nginx(text: str) -> Iterator[tuple[str, Format]]:
    for words in _nginx_statements(text):
        if words[0] != "log_format" or len(words) < 3:
            continue
        name, parts = words[1], words[2:]
        escape = "default"
        if parts[0].startswith("escape="):
            escape, parts = parts[0].removeprefix("escape="), parts[1:]
        layout = "".join(_nginx_text(part) for part in parts)
        yield name, _compile(layout, name, dialect="nginx", escape=escape)


def _nginx_statements(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    for match in _NGINX_TOKEN.finditer(text):
        word = match[0]
        if word[0] == "#":
            continue
        if word in {";", "{", "}"}:
            if words:
                yield words
            words = []
        else:
            words.append(word)


def _nginx_text(word: str) -> str:
    if word[0] not in "'\"":
        return word
    # ngx_conf_read_token: \" \' \\ lose their backslash, \t \r \n become what they stand for
    known = {"t": "\t", "r": "\r", "n": "\n"}
    return re.sub(r"\\([\"'\\trn])", lambda m: known.get(m[1], m[1]), word[1:-1])


def _apache(text: str) -> Iterator[tuple[str, Format]]:
    count = 0
    for line in _CONTINUED.sub("", text).splitlines():
        words = _APACHE_WORD.findall(line)
        directive = words[0].lower() if words else ""
        if directive == "logformat" and len(words) > 1:
            name = _apache_text(words[2]) if len(words) > 2 else "default"
            yield name, _compile(_apache_text(words[1]), name, dialect="apache")
        elif directive == "customlog" and len(words) > 2 and "%" in words[2]:
            count += 1
            name = f"customlog-{count}"
            yield name, _compile(_apache_text(words[2]), name, dialect="apache")


def _apache_text(word: str) -> str:
    if word[0] not in "'\"":
        return word
    # ap_getword_conf takes the backslash off a quote; mod_log_config makes tab and newline of \t and \n
    known = {"t": "\t", "n": "\n", "r": "\r"}
    return re.sub(r"\\([\"'\\tnr])", lambda m: known.get(m[1], m[1]), word[1:-1])


def _compile(layout: str, name: str, *, dialect: str, escape: str | None = None) -> Format:
    try:
        return compile_layout(layout, name=name, dialect=dialect, escape=escape, quoted=False)
    except UsageError as error:
        raise UsageError(f"format {name}: {error}") from None


def _included(text: str, root: Path) -> Iterator[Path]:
    patterns = [
        words[1] for words in _nginx_statements(text) if words[0] == _NGINX_INCLUDE and len(words) > 1
    ]
    for line in text.splitlines():
        words = _APACHE_WORD.findall(line)
        if len(words) > 1 and words[0].lower() in _APACHE_INCLUDES:
            patterns.append(words[1])
    for pattern in dict.fromkeys(word.strip("'\"") for word in patterns):
        yield from sorted(path for path in _glob(pattern, root) if path.is_file())


def _glob(pattern: str, root: Path) -> Iterator[Path]:
    try:
        absolute = Path(pattern)
        base = Path(absolute.anchor) if absolute.is_absolute() else root
        yield from base.glob(str(absolute.relative_to(absolute.anchor)))
    except (ValueError, OSError, NotImplementedError):
        return
