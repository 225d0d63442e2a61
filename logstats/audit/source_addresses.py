"""Addresses of the source that stand in an output: as text, number, hex, packed bytes or base64."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.claims import WORD, Claim, Claims, numbers_in
from logstats.audit.finding import Address, Finding, Level, mask_address
from logstats.audit.notations import inner_ipv4, is_allowed
from logstats.audit.pieces import Rows, Text
from logstats.audit.rules import Request
from logstats.audit.source import SourceBlock

_ID: Final = "source-address"
COUNTED: Final = {
    "hits",
    "bot_hits",
    "visitors",
    "bytes_sent",
    "bytes",
    "top_hits",
    "size",
    "duration_us",
    "time",
}


class _SourceAddresses(Examiner):
    """Candidates from the outputs, met by the addresses of the source."""

    wants_source = True

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._claims = Claims()
        self._met: dict[Address, None] = {}
        self._fours: pl.Series = pl.Series(dtype=pl.UInt32)
        self._seen = 0

    def text(self, text: Text) -> Iterable[Finding]:
        """Collect what could be an address, likely or not: the source will tell."""
        if not self.request.sources:
            return ()
        for snippet in text.snippets:
            for seen in snippet.sightings:
                if not is_allowed(seen.address, seen.prefix, self.rules):
                    claim = Claim(text.file, snippet.place, seen.notation, snippet.count)
                    self._claim_address(seen.address, claim)
        for word, index, count in text.distinct(WORD).iter_rows():
            for value, bits, notation in numbers_in(word):
                claim = Claim(text.file, text.place(index), notation, count)
                self._claims.add_both_orders(value, bits, claim)
        return ()

    def _claim_address(self, address: Address, claim: Claim) -> None:
        bits = 32 if address.version == 4 else 128
        self._claims.add(int(address), bits, claim, guess=False)
        swapped = int.from_bytes(address.packed, "little")
        reverse = Claim(claim.file, claim.place, claim.notation + ", reversed", claim.count)
        self._claims.add(swapped, bits, reverse, guess=False)
        if isinstance(address, IPv6Address) and (inner := inner_ipv4(address)) is not None:
            self._claims.add(int(inner), 32, claim, guess=False)

    def rows(self, rows: Rows) -> Iterable[Finding]:
        """Collect the numbers and the packed bytes of typed columns."""
        if not self.request.sources:
            return ()
        for column, dtype in rows.frame.schema.items():
            place = f"column {column}" if rows.table == rows.file else f"table {rows.table}, column {column}"
            if dtype.is_integer() and column not in COUNTED:
                self._claim_integers(rows, column, place)
            elif dtype == pl.Binary:
                self._claim_bytes(rows, column, place)
        return ()

    def _claim_integers(self, rows: Rows, column: str, place: str) -> None:
        frame = rows.frame.select(value=pl.col(column)).with_row_index("row", offset=1)
        wide = pl.col("value").cast(pl.Float64).abs()
        found = (
            frame.filter(wide >= 1 << 24, wide < float(1 << 32))
            .group_by("value")
            .agg(pl.min("row"), pl.len())
        )
        for value, row, count in found.iter_rows():
            claim = Claim(rows.file, f"{place}, row {row}", "integer column", count)
            self._claims.add_both_orders(value % (1 << 32), 32, claim)

    def _claim_bytes(self, rows: Rows, column: str, place: str) -> None:
        for row, value in enumerate(rows.frame[column], start=1):
            if value is not None and len(value) in (4, 16):
                claim = Claim(rows.file, f"{place}, row {row}", "packed bytes", 1)
                self._claims.add_both_orders(int.from_bytes(value, "big"), len(value) * 8, claim)

    def outputs_done(self) -> Iterable[Finding]:
        """Make the candidates ready to be met."""
        self._fours = pl.Series(list(self._claims.four), dtype=pl.UInt32)
        return ()

    def source_block(self, block: SourceBlock) -> None:
        """Meet the addresses of one block."""
        fours = block.fours
        self._seen += fours.len()
        for value in fours.filter(fours.is_in(self._fours.implode())):
            self._met.setdefault(IPv4Address(value))
        for address in block.sixes:
            self._seen += 1
            inner = inner_ipv4(address)
            if int(address) in self._claims.six:
                self._met.setdefault(address)
            if inner is not None and int(inner) in self._claims.four:
                self._met.setdefault(inner)

    def finish(self) -> Iterator[Finding]:
        """Report every candidate that a source address met, and what chance would bring."""
        if not self.request.sources:
            return
        for address in self._met:
            if is_allowed(address, None, self.rules):
                continue
            kept = self._claims.four if address.version == 4 else self._claims.six
            for claim in kept.get(int(address), ()):
                kind = f"address of the source, {claim.notation}"
                yield Finding(claim.file, claim.place, _ID, kind, mask_address(address), claim.count)
        chance = self._claims.guesses * self._seen / (1 << 32)
        said = f"{self._claims.guesses:,} numbers and codes held against {self._seen:,} addresses"
        yield Finding("", "", _ID, f"{said}: {chance:.2g} hits expected by chance", level=Level.NOTE)


CHECK = Check(
    _ID,
    "No address of the source stands in an output, as text, number, hex, packed bytes or base64",
    _SourceAddresses,
)
