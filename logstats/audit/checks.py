"""The list of all checks, in the order in which they are listed and run."""

from __future__ import annotations

from typing import Final

from logstats.audit import literals
from logstats.audit.check import Check

CHECKS: Final[tuple[Check, ...]] = (literals.CHECK,)
