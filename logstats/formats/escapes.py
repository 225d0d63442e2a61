r"""What a server escaped, made readable; what could do harm, made visible.

Control characters, direction marks and zero-width characters stay, or become,
visible \xNN, so that no client can steer a terminal through a report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from logstats.formats.model import Escape

# C0, DEL, C1, Arabic letter mark, zero-width characters, line separators and
# bidirectional controls (Unicode 16 table of general categories Cc and Cf; UAX 9).
_HARMFUL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

# httpd server/util.c ap_escape_logitem: \b \n \r \t \v \" \\ and \xhh.
_APACHE_SHORT: Final = {"b": 8, "n": 10, "r": 13, "t": 9, "v": 11, '"': 34, "\\": 92}
_APACHE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([bnrtv\"\\]))")
# nginx ngx_http_log_module.c ngx_http_log_escape: bytes < 32, ", \ and >= 127 as \xHH.
_NGINX: Final = re.compile(rb"\\(x)([0-9A-Fa-f]{2})")
# CloudFront escaped headers twice before 2020.
_ESCAPED_BLANK: Final = "%2520"
_PERCENT: Final = re.compile(rb"(%)([0-9A-Fa-f]{2})")
# ngx_escape_json and RFC 8259 section 7.
_JSON: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
_JSON_SHORT: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unescape(text: str, escape: Escape) -> str:
    r"""Return the text that the client sent, or, where that is no text, what the server wrote.

    A field whose bytes are no UTF-8 or hold control characters stays as the server
    escaped it, the whole of it: half a TLS hello as letters helps nobody.

    >>> unescape(r"caf\xc3\xa9 \"x\"", Escape.APACHE), unescape(r"\x16\x03 \"x\"", Escape.APACHE)
    ('café "x"', '\\x16\\x03 \\"x\\"')
    """
    match escape:
        case Escape.APACHE if "\\" in text:
            text = _decoded(text, _APACHE, _apache)
        case Escape.NGINX if "\\" in text:
            text = _decoded(text, _NGINX, _hex_pair)
        case Escape.JSON if "\\" in text:
            text = _unescape_json(text)
        case Escape.DOUBLED:
            text = text.replace('""', '"')
        case Escape.PLUS:
            text = text.replace("+", " ")
        case Escape.PERCENT if "%" in text:
            twice = _ESCAPED_BLANK in text
            text = _decoded(text, _PERCENT, _hex_pair)
            text = _decoded(text, _PERCENT, _hex_pair) if twice else text
        case _:
            pass
    return visible(text)


def _decoded(text: str, escapes: re.Pattern[bytes], byte: Callable[[re.Match[bytes]], bytes]) -> str:
    raw = escapes.sub(byte, text.encode("utf-8", "surrogatepass"))
    try:
        plain = raw.decode("utf-8")
    except UnicodeDecodeError:
        return text
    return text if _HARMFUL.search(plain) else plain


def visible(text: str) -> str:
    r"""Return the text with every harmful character as the \xNN of its UTF-8 bytes.

    >>> visible("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return _HARMFUL.sub(_hex, text)


def _hex(match: re.Match[str]) -> str:
    character = match[0]
    # a C1 character stands for one byte where a line that is not UTF-8 was read as latin-1
    if character <= "\x9f":
        return f"\\x{ord(character):02x}"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def _apache(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode()) if escape[1] else bytes([_APACHE_SHORT[escape[2].decode()]])


def _hex_pair(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[2].decode())


def _unescape_json(text: str) -> str:
    plain = _JSON.sub(lambda m: chr(int(m[1], 16)) if m[1] else _JSON_SHORT[m[2]], text)
    # a pair of surrogates written as two escapes is one character
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
