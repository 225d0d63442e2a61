"""Addresses that stand in an output, in any notation, whether or not a source is at hand."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding, mask_address
from logstats.audit.notations import is_allowed
from logstats.audit.pieces import Rows, Text

_ID = "address-literal"


class _Literals(Examiner):
    """Every likely sighting that is no network the policy allows."""

    def text(self, text: Text) -> Iterable[Finding]:
        """Judge each distinct snippet of a text."""
        for snippet in text.snippets:
            for seen in snippet.sightings:
                if seen.likely and not is_allowed(seen.address, seen.prefix, self.rules):
                    notation = (
                        seen.notation
                        if seen.prefix is None
                        else f"{seen.notation}, network of {seen.prefix} bits"
                    )
                    yield Finding(
                        text.file, snippet.place, _ID, notation, mask_address(seen.address), snippet.count
                    )

    def rows(self, rows: Rows) -> Iterable[Finding]:
        """Look for columns that say by their name and type that they hold addresses."""
        for column, dtype in rows.frame.schema.items():
            if dtype.is_integer() and _names_an_address(column):
                series = rows.frame[column].cast(pl.Float64)
                count = int((series.abs() >= 1 << 24).sum())
                if count:
                    yield Finding(
                        rows.file,
                        f"column {column}",
                        _ID,
                        "integers in a column named for addresses",
                        "",
                        count,
                    )
            if dtype == pl.Binary:
                lengths = rows.frame[column].drop_nulls().bin.size().unique().to_list()
                if _names_an_address(column) and lengths and set(lengths) <= {4, 16}:
                    count = rows.frame[column].len() - rows.frame[column].null_count()
                    yield Finding(
                        rows.file,
                        f"column {column}",
                        _ID,
                        "packed in a column named for addresses",
                        "",
                        count,
                    )


def _names_an_address(column: str) -> bool:
    words = column.lower().replace("-", "_").split("_")
    return bool({"ip", "ipv4", "ipv6", "addr", "address", "remote", "client", "host"} & set(words))


CHECK = Check(
    _ID, "No address stands in an output, in any notation, longer than the policy allows", _Literals
)
