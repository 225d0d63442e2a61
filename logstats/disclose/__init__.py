"""Day summaries become tables that may be shown: the one place where a `Report` is made.

Read in this order: `catalogue` (which tables), `groups` (days to a period), `folding`
(groups under k go to `(other)`), `withholding` (hits that one visitor made), `areas`
(tables that share a total), `bins` (time), `reporting` (all together).
"""

from __future__ import annotations

from logstats.disclose.periods import overlaps
from logstats.disclose.reporting import disclose

__all__ = ["disclose", "overlaps"]
