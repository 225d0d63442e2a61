"""What the audit holds an output to: the numbers of a policy, as plain values.

The audit takes numbers and not the policy object, so that it can also judge
outputs of other tools and older versions.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

from logstats.frozen import frozen


@frozen
class Rules:
    """The numbers of the policy in force, in bits, visitors, hours and days."""

    k: int = 10
    ipv4_bits: int = 16
    ipv6_bits: int = 32
    round_visitors: int = 1
    key_hours: int = 36
    raw_log_days: int | None = None
    stamp: dict[str, Any] | None = None  # id, version, effective, digest of the policy file


@frozen
class Limits:
    """How far the audit goes into a container; beyond it, nothing is said to have passed."""

    depth: int = 6
    ratio: int = 400  # unpacked : packed; a log packs about 20 : 1, a bomb 1000 : 1
    unpacked_bytes: int = 8 << 30  # of one file; logs are streamed
    whole_bytes: int = 1 << 30  # of a file that must be read whole (SQLite, Parquet, zip)


@frozen
class Request:
    """What to audit, against what, and when now is."""

    paths: tuple[Path, ...]
    now: datetime
    sources: tuple[Path, ...] = ()
    stores: tuple[Path, ...] = ()
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=Limits)
    shared_places: tuple[Path, ...] = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 -- looked at, never written
    needs_stamp: bool = False
