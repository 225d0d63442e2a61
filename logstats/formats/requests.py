r"""The request line: method, path, query and protocol.

Servers log what came, not what should have come: TLS hellos, single words,
blanks in the path, nothing at all. What is no request keeps its text as path.
"""

from __future__ import annotations

import re
from typing import Final

from logstats import schema
from logstats.formats.model import Hit

# Longest registered method is 17 characters (IANA HTTP Method Registry: UPDATEREDIRECTREF);
# RFC 9110 section 9.1 allows any token, but TLS hellos are tokens in part too.
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_PROTOCOL: Final = re.compile(r"[A-Z]{2,8}/\d{1,2}(?:\.\d{1,2})?")


def split_request(text: str) -> tuple[str | None, str | None, str | None]:
    """Return method, target and protocol; None for what the request does not tell.

    >>> split_request("GET /a b HTTP/1.1")
    ('GET', '/a b', 'HTTP/1.1')
    >>> split_request("-"), split_request("/x")
    ((None, None, None), (None, '/x', None))
    """
    text = text.strip(" ")
    if text in {"", "-"}:
        return None, None, None
    head, _, rest = text.partition(" ")
    # AWS load balancers write a hyphen for each part that is missing
    if not rest or (head != "-" and _METHOD.fullmatch(head) is None):
        return None, text, None
    target, _, last = rest.rpartition(" ")
    if last != "-" and _PROTOCOL.fullmatch(last) is None:
        return _told(head), _told(rest), None
    return _told(head), _told(target), _told(last)


def _told(word: str) -> str | None:
    word = word.strip(" ")
    return None if word in {"", "-"} else word


def split_target(text: str) -> tuple[str | None, str | None]:
    """Return path and query, the query without its question mark.

    A target in absolute form keeps its scheme and host, since these say that
    somebody tried a proxy (RFC 9112 section 3.2.2).

    >>> split_target("/a?b?c"), split_target("/a"), split_target("/a?")
    (('/a', 'b?c'), ('/a', None), ('/a', ''))
    """
    path, mark, query = text.partition("?")
    return path or None, query if mark else None


def read_request(hit: Hit, text: str) -> None:
    """Fill the four columns of a request line into a hit."""
    method, target, protocol = split_request(text)
    hit[schema.METHOD] = method
    hit[schema.PROTOCOL] = protocol
    hit[schema.PATH], hit[schema.QUERY] = split_target(target) if target else (None, None)
