"""Hashes of the source's addresses: a dictionary of all of them, held against every code in the outputs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.digests import QUICK, SHORT, strong_digests, weak_digests
from logstats.audit.finding import Address, Finding, Level, mask_address
from logstats.audit.pieces import Document, Rows, Text
from logstats.audit.reports import published
from logstats.audit.rules import Request
from logstats.audit.source import SourceBlock
from logstats.audit.source_addresses import COUNTED
from logstats.frozen import frozen

_ID: Final = "address-hash"
_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8,128}(?![0-9A-Za-z])")
_NUMBER = re.compile(r"(?<![0-9A-Za-z.])[0-9]{7,20}(?![0-9A-Za-z.])")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{10,88}={0,2}")
_TOKEN: Final = r"[0-9A-Za-z+/_-]{7,130}={0,2}"  # noqa: S105 -- a pattern
_DATE = re.compile(r"(?:19|20)\d{6}")
_SEPARATORS: Final = ("", "|", " ", ":")
_REMEMBERED: Final = 2_000_000  # addresses and pairs not hashed again; beyond it, some are hashed twice


@frozen
class _Code:
    """A code of an output: its first bytes in hex, and where it stands."""

    text: str
    file: str
    place: str
    count: int


class _Hashes(Examiner):
    """Codes by their first eight hex digits, met by the digests of every source address."""

    wants_source = True

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._codes: dict[bytes, list[_Code]] = {}
        self._known: set[str] = set()
        self._long = False  # whether any code is longer than 32 bits
        self._own: set[str] = set()
        self._done: set[int] = set()
        self._met: dict[tuple[_Code, str], Address] = {}

    def document(self, document: Document) -> Iterable[Finding]:
        """Note the digests that a report has of its own: of its policy and of the ledger."""
        if (report := published(document)) is not None:
            for value in (*report.part("policy").values(), *report.part("ledger").values()):
                if isinstance(value, str) and len(value) >= 12 and _HEX.fullmatch(value):
                    self._own.add(value.lower())
        return ()

    def text(self, text: Text) -> Iterable[Finding]:
        """Collect every code that could be a hash, whole or cut."""
        if self.request.sources and text.kind != "name":
            for word, index, count in text.distinct(_TOKEN).iter_rows():
                for code in _codes_in(word, numbers=text.kind == "text"):
                    self._add(code, _Code(code, text.file, text.place(index), count))
        return ()

    def rows(self, rows: Rows) -> Iterable[Finding]:
        """Collect the integers and bytes of typed columns."""
        if not self.request.sources:
            return ()
        for column in rows.frame.columns:
            if column not in COUNTED:
                for code in _codes_of(rows.frame[column].drop_nulls().unique()):
                    self._add(code, _Code(code, rows.file, f"column {column}", 1))
        return ()

    def _add(self, code: str, entry: _Code) -> None:
        if code not in self._known:
            self._known.add(code)
            self._codes.setdefault(bytes.fromhex(code[:8]), []).append(entry)

    def outputs_done(self) -> Iterable[Finding]:
        """Leave out the report's own digests, whole or cut, and see how much hashing it takes."""
        for entries in self._codes.values():
            entries[:] = [e for e in entries if not any(own.startswith(e.text) for own in self._own)]
        self._codes = {start: entries for start, entries in self._codes.items() if entries}
        self._known = {entry.text for entries in self._codes.values() for entry in entries}
        self._long = any(len(code) > 9 for code in self._known)
        return ()

    def source_block(self, block: SourceBlock) -> None:
        """Hash the addresses of a block, alone and with the agent."""
        if not self._codes:
            return
        for value in block.fours:
            self._hash_address(IPv4Address(value))
        for address in block.sixes:
            self._hash_address(address)
        if self._long:
            for host, agent in block.hits.select("host", "agent").drop_nulls().unique().iter_rows():
                self._hash_pair(host, agent)

    def _is_new(self, key: int) -> bool:
        if key in self._done:
            return False
        if len(self._done) < _REMEMBERED:
            self._done.add(key)
        return True

    def _hash_address(self, address: Address) -> None:
        if not self._is_new(hash(address)):
            return
        forms = tuple(_forms(address))
        if not self._long:  # codes of 32 bits alone: the likely ones, or chance would hit
            self._hold(address, strong_digests(forms[0], SHORT, sizes=()))
            self._hold(address, weak_digests(forms[0]))
            return
        for message in forms:
            self._hold(address, strong_digests(message))
        for message in forms[:3]:  # text, line, packed: these hashes are slow here
            self._hold(address, weak_digests(message))

    def _hash_pair(self, host: str, agent: str) -> None:
        address = _parse(host)
        if address is None or not self._is_new(hash((host, agent))):
            return
        for separator in _SEPARATORS:
            for message in (f"{host}{separator}{agent}", f"{agent}{separator}{host}"):
                self._hold(address, strong_digests(message.encode(), QUICK))

    def _hold(self, address: Address, digests: Iterable[tuple[str, bytes]]) -> None:
        for name, digest in digests:
            for code in self._codes.get(digest[:4], ()):
                if digest.hex().startswith(code.text):
                    cut = len(code.text) < 2 * len(digest)
                    self._met.setdefault((code, f"{name}, cut" if cut else name), address)

    def finish(self) -> Iterator[Finding]:
        """Report codes that are hashes; 32-bit ones only if there are more than chance brings."""
        if not self.request.sources:
            return
        short = sum(len(code) == 8 for code in self._known)
        chance = short * len(self._done) * 40 / (1 << 32)
        hits = {code for code, _ in self._met if len(code.text) == 8}
        by_chance = chance > 0.01 and len(hits) < 10 * chance + 2
        for (code, name), address in self._met.items():
            if len(code.text) == 8 and by_chance:
                continue
            kind = f"hash of an address of the source: {name}"
            yield Finding(code.file, code.place, _ID, kind, mask_address(address), code.count)
        said = f"{len(self._known):,} codes held against hashes of {len(self._done):,} addresses and pairs"
        yield Finding("", "", _ID, f"{said}: {chance:.2g} hits expected by chance", level=Level.NOTE)


def _codes_in(word: str, *, numbers: bool) -> Iterator[str]:
    for match in _HEX.finditer(word):
        if not _DATE.fullmatch(match[0]) and (len(match[0]) == 8 or re.search("[A-Fa-f]", match[0])):
            yield match[0].lower()
    for match in _NUMBER.finditer(word) if numbers else ():
        yield from _code_of(int(match[0]))
    for match in _BASE64.finditer(word):
        if _is_mixed(match[0]):
            yield from _unpacked(match[0])


def _code_of(value: int) -> Iterator[str]:
    if abs(value) > 1 << 20 and -(1 << 31) <= value < 1 << 32:
        yield f"{value % (1 << 32):08x}"
    elif 1 << 56 < abs(value) < 1 << 64:  # smaller ones are sums and times
        yield f"{value % (1 << 64):016x}"


def _codes_of(series: pl.Series) -> Iterator[str]:
    if series.dtype.is_integer():
        for value in series:
            yield from _code_of(value)
    elif series.dtype == pl.String:
        for text in series.filter(series.str.contains("^-?[0-9]{7,20}$")):
            yield from _code_of(int(text))
    elif series.dtype == pl.Binary:
        yield from (value.hex() for value in series if 8 <= len(value) <= 64)


def _is_mixed(text: str) -> bool:
    """Whether a text looks like base64 and not like a path or a word with a number."""
    if text.startswith(("sha256-", "A-Za-z")) or ("/" in text and re.search("[a-z]{6}", text)):
        return False  # a digest of the page's own style, a pattern, a path
    if re.search("[a-z]{8}", text):  # by chance in 3 of 100 hashes of 32 bytes, in 3 of 1,000 of 8
        return False
    kinds = bool(re.search("[A-Z]", text)) + bool(re.search("[a-z]", text)) + bool(re.search("[0-9]", text))
    return kinds == 3 and not re.fullmatch(r"(?:[A-Z]?[a-z]{2,}[/_-]?)+[0-9_-]+[a-z]?", text)


def _unpacked(text: str) -> Iterator[str]:
    packed = text.rstrip("=").replace("-", "+").replace("_", "/")
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4))
    except binascii.Error:
        return
    if len(raw) >= 7:
        yield raw.hex()


def _parse(host: str) -> Address | None:
    try:
        return IPv6Address(host) if ":" in host else IPv4Address(host)
    except ValueError:
        return None


def _forms(address: Address) -> Iterator[bytes]:
    """Yield the ways to write an address before hashing it."""
    text = str(address)
    yield from (
        text.encode(),
        text.encode() + b"\n",
        address.packed,
        address.packed[::-1],
        str(int(address)).encode(),
    )
    if isinstance(address, IPv4Address):
        yield from (b"::ffff:" + text.encode(), ".".join(f"{octet:03d}" for octet in address.packed).encode())
        yield int(address).to_bytes(8, "little")
    else:
        yield from (address.exploded.encode(), text.upper().encode())


CHECK = Check(
    _ID,
    "No code in an output is a hash of a source's address, alone or with the agent, whole or cut",
    _Hashes,
)
