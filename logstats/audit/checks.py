"""The list of all checks, in the order in which they are listed and run."""

from __future__ import annotations

from typing import Final

from logstats.audit import (
    hashes,
    leftovers,
    literals,
    personal,
    recompute,
    retention,
    safe_output,
    small_groups,
    source_addresses,
    source_text,
    stamps,
    times,
    totals,
)
from logstats.audit.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    literals.CHECK,
    source_addresses.CHECK,
    hashes.CHECK,
    source_text.CHECK,
    personal.CHECK,
    small_groups.ROWS,
    small_groups.CHECK,
    recompute.CHECK,
    totals.SUMS,
    totals.SAME,
    totals.PERIODS,
    times.CHECK,
    stamps.CHECK,
    safe_output.CHECK,
    leftovers.CHECK,
    retention.CHECK,
)
