"""Where queries and referrers stand in free text, such as the message of an error log.

A query may hold anything. It begins with a question mark in a URL, in a path from the root or before a name
and an equals sign; any other question mark is one of prose or of a pattern. In a request it ends before the
protocol, whatever stands in it; elsewhere at a blank, a quote mark or an angle bracket.

A text is looked at once: the time is linear in its length.

Sources: nginx ngx_http_core_module.c and ngx_http_request.c (`request: "..."`, `referrer: "..."`), httpd
server/log.c (`, referer: ...` at the end).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from logstats.frozen import frozen

_URL: Final = r"[A-Za-z][A-Za-z0-9+.-]{1,15}://"
# Blanks of ASCII only: in a line that is no UTF-8 some bytes would be taken for others.
_BLANK: Final = r" \t\r\n\x0b\x0c"
_CONTEXT: Final = re.compile(
    r'(?P<quoted>\breferr?er:? ")'
    r'|(?P<last>, referer:? (?!"))'
    rf'|(?P<request>request: "(?=[A-Z]{{2,20}} |/|{_URL}))'
    rf"|(?P<method>(?<![A-Za-z0-9])[A-Z]{{3,16}} (?=/|{_URL}))"
)
_CLOSING: Final = re.compile(rf'"(?=[{_BLANK},;)\]}}]|\Z)')
_PROTOCOL: Final = re.compile(r" HTTP/[0-9]")
_END_OF_REQUEST: Final = re.compile(r' HTTP/[0-9](?:\.[0-9])?"')
# A word that has a question mark, or a number sign, with something behind it; words begin behind a blank.
_WORD: Final = re.compile(rf'(?<![^{_BLANK}"<>])[^{_BLANK}"<>?#]*+[?#][^{_BLANK}"<>]++')
_QUESTION: Final = re.compile(r"\?")
_SCHEME: Final = re.compile("://")
_ROOT: Final = re.compile(r"[=:,'`(\[{|>]/")
_NAMED: Final = re.compile(r"(?<!\()\?[\w.%\[\]~-]{1,64}=", re.ASCII)
# `(?:`, `)?`, `*?` are marks of a pattern; in `/Foo_(bar)?n=1` the name tells a query.
_MARK: Final = re.compile(rf"(?<![(\\)*+\]}}])\?|{_NAMED.pattern}", re.ASCII)
_FRAGMENT: Final = re.compile(rf'#[^=?{_BLANK}"<>]{{1,64}}=')
# An apostrophe within a name, `'/a?n=O'Neill'`, ends nothing.
_ENDS: Final = {mark: re.compile(rf"{mark}(?!\w)") for mark in "'`"}
_BEHIND: Final = "'`)]},.;:!\\"
_NONE: Final = ("", "-")


@frozen
class Asked:
    """A stretch of text: a query with its mark, or a referrer as a whole."""

    start: int
    end: int
    is_referrer: bool = False


def find_queries(text: str) -> Iterator[Asked]:
    """Return every query and referrer in a text, in order.

    >>> text = 'why? request: "GET /a?b=c d HTTP/1.1", referrer: "https://example.org/?q=e"'
    >>> [text[found.start : found.end] for found in find_queries(text)]
    ['?b=c d', 'https://example.org/?q=e']
    """
    if not any(sign in text for sign in ("?", "://", "refer")):
        return
    ahead = _Ahead(text)
    end = 0
    while context := _CONTEXT.search(text, end):
        yield from _of_words(text, end, context.start(), ahead)
        start = context.end()
        if context["quoted"] is not None or context["last"] is not None:
            end = ahead.find(_CLOSING, start) if context["quoted"] is not None else len(text)
            if text[start:end].strip() not in _NONE:
                yield Asked(start, end, is_referrer=True)
            continue
        end = _end_of_target(text, context, ahead)
        mark = text.find("?", start, end)
        if mark >= 0 and mark + 1 < end:
            yield Asked(mark, end)
    yield from _of_words(text, end, len(text), ahead)


class _Ahead:
    """Finds what comes next; what is nowhere ahead is not looked for again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[re.Pattern[str], int] = {}

    def find(self, pattern: re.Pattern[str], start: int) -> int:
        """Return where a pattern is found next, or the end of the text."""
        if self._next.get(pattern, -1) < start:
            found = pattern.search(self._text, start)
            self._next[pattern] = found.start() if found else len(self._text)
        return self._next[pattern]


def _end_of_target(text: str, context: re.Match[str], ahead: _Ahead) -> int:
    """Return where the target of a request ends; its own beginning if that cannot be said."""
    start = context.end()
    if context["request"] is not None:
        end = ahead.find(_END_OF_REQUEST, start)
        return end if end < len(text) else ahead.find(_CLOSING, start)
    end = ahead.find(_PROTOCOL, start)
    return end if end < len(text) and '"' not in text[start:end] else start


def _of_words(text: str, start: int, end: int, ahead: _Ahead) -> Iterator[Asked]:
    for word in _WORD.finditer(text, start, end):
        yield from _of_word(text, word.start(), word.end(), ahead)


def _of_word(text: str, start: int, end: int, ahead: _Ahead) -> Iterator[Asked]:
    """Yield the queries of a word: one, or one between each two of its quotes."""
    while start < end and (mark := _find_mark(text, start, end, ahead)) < end:
        closing = ahead.find(_ENDS[text[start]], mark) if text[start] in _ENDS else end
        start = stop = min(closing, end)
        while stop > mark and text[stop - 1] in _BEHIND:
            stop -= 1
        if stop - mark > 1:
            yield Asked(mark, stop)


def _find_mark(text: str, start: int, end: int, ahead: _Ahead) -> int:
    """Return where the first query from `start` on begins; `end` or beyond if there is none before."""
    question = min(ahead.find(_QUESTION, start), end)
    is_url = ahead.find(_SCHEME, start) < question
    is_path = text[start] == "/" or ahead.find(_ROOT, start) < question
    mark = ahead.find(_MARK if is_url or is_path else _NAMED, start)
    return min(mark, ahead.find(_FRAGMENT, start)) if is_url else mark
