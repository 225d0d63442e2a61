"""The text of HTML and PDF, and what HTML carries in data URIs."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from logstats.audit.opening import LimitReached
from logstats.audit.rules import Limits

_TAG = re.compile(r"<[^>\n]{0,2000}>")
_BLOCK_TAG = re.compile(
    r"</?(?:t[dhr]|p|div|li|br|h[1-6]|option|caption|dt|dd|text|title|c|v|t|si|row)\b[^>\n]{0,2000}>",
    re.IGNORECASE,
)
_DATA_URI = re.compile(r"data:[\w/+.-]{0,80}(?:;[\w=.+-]{1,60}){0,4},([A-Za-z0-9+/=_%.~!*'()&;:@$,-]+)")
_BASE64_URI = re.compile(r"data:[\w/+.-]{0,80}(?:;[\w=.+-]{1,60}){0,4};base64,([A-Za-z0-9+/=_\s%-]+)")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_SHOWN = re.compile(rb"\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]+>|[Tt][dDmJj*]|\bET\b", re.DOTALL)


def html_text(text: str) -> list[str]:
    """Return the lines of a page with tags taken out and entities undone, as a reader sees them."""
    return html.unescape(_TAG.sub("", _BLOCK_TAG.sub(" ", text))).split("\n")


def data_uris(text: str) -> Iterator[bytes]:
    """Yield what the data URIs of a page hold, decoded."""
    for match in _BASE64_URI.finditer(text):
        packed = re.sub(r"\s", "", match[1].replace("%3D", "=").replace("%3d", "=")).rstrip("=")
        try:
            yield base64.b64decode(
                packed + "=" * (-len(packed) % 4), altchars=b"-_" if set("-_") & set(packed) else None
            )
        except (binascii.Error, ValueError):
            yield packed.encode()
    for match in _DATA_URI.finditer(text):
        if ";base64," not in match[0]:
            yield unquote_to_bytes(html.unescape(match[1]))


def pdf_text(data: bytes, limits: Limits) -> list[str]:
    """Return the text of a simple PDF: uncompressed objects, and streams as plain or deflated text.

    Text set in fonts with their own codes cannot be read here.
    """
    found = [data.decode("latin-1")]
    for match in _STREAM.finditer(data):
        content = match[1]
        with contextlib.suppress(zlib.error):  # what is not deflated is read as it stands
            content = _inflate(content, limits)
        found.append(_shown(content))
    return [line for text in found for line in text.split("\n")]


def _inflate(content: bytes, limits: Limits) -> bytes:
    worker = zlib.decompressobj()
    unpacked = worker.decompress(content, min(limits.whole_bytes, len(content) * limits.ratio + (1 << 20)))
    if worker.unconsumed_tail:
        raise LimitReached
    return unpacked


def _shown(content: bytes) -> str:
    """Join the strings of the operators that show text; an operator that moves ends the line."""
    pieces = []
    for match in _SHOWN.finditer(content):
        token = match[0]
        if token.startswith(b"("):
            pieces.append(re.sub(rb"\\([()\\])", rb"\1", token[1:-1]).decode("latin-1"))
        elif token.startswith(b"<"):
            digits = re.sub(rb"\s", b"", token[1:-1])
            pieces.append(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()).decode("latin-1"))
        elif token[:1] in b"Tt" and token[1:] in (b"J", b"j"):
            continue
        else:
            pieces.append("\n")
    return "".join(pieces) or content.decode("latin-1")
