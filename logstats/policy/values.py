"""The values a policy holds, and the stamp that names them in every output."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from logstats.errors import UsageError
from logstats.frozen import frozen

INTERNAL: Final = "INTERNAL - not disclosure controlled"
BUILT_IN: Final = ("default", "internal", "public", "us-state-notice")


class NotYourOwnPolicy(UsageError):
    """A published report must name the site's own policy."""

    def __init__(self, policy_id: str) -> None:
        super().__init__(
            f"policy {policy_id}: a published report needs the site's own policy; "
            f'write a file with `extends = "{policy_id}"` and its own id, version and effective date'
        )


@frozen
class Disclosure:
    """What of the counts may be shown."""

    k: int
    top: int
    dominance_percent: int
    other_min_groups: int
    room: int
    round_visitors: int
    show_zeros: bool
    time_spans: tuple[int, ...]
    publish_once: bool
    own_policy: bool


@frozen
class Addresses:
    """What is kept of an address, in reports and in anonymized logs."""

    report_modes: tuple[str, ...]
    networks_table: bool
    anonymize_mode: str
    weaker_options: bool
    ipv4_bits: int
    ipv6_bits: int
    nat64_prefixes: tuple[str, ...]


@frozen
class Paths:
    """What is kept of a path and its query string."""

    max_length: int
    keep_params: tuple[str, ...]
    param_pattern: str


@frozen
class Retention:
    """How long anything may stay."""

    raw_log_days: int
    store_days: int
    key_hours: int


@frozen
class Limits:
    """How much is counted exactly before the smallest groups are folded together."""

    max_keys: int
    max_pairs: int


@frozen
class Promise:
    """One sentence of a notice, what the tool does for it, and what the audit checks."""

    says: str
    does: str
    checks: str


GROUPS: Final[dict[str, type]] = {
    "disclosure": Disclosure,
    "addresses": Addresses,
    "paths": Paths,
    "retention": Retention,
    "limits": Limits,
}


@frozen
class Policy:
    """Every number in force; `digest` names them all (SHA-256 of the canonical form)."""

    id: str
    version: str
    effective: date
    title: str
    extends: str | None
    sites: tuple[str, ...]
    disclosure: Disclosure
    addresses: Addresses
    paths: Paths
    retention: Retention
    limits: Limits
    promises: tuple[Promise, ...]

    @property
    def marking(self) -> str | None:
        """The words every output must carry, or None: with k = 1 nothing is hidden."""
        return INTERNAL if self.disclosure.k == 1 else None

    @property
    def digest(self) -> str:
        """The SHA-256 of every value in force, whatever file or base it came from."""
        canonical = json.dumps(asdict(self), sort_keys=True, default=str, ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    def numbers(self) -> dict[str, Any]:
        """Every number in force by its name, as plain values for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for group in GROUPS
            for name, value in asdict(getattr(self, group)).items()
        }

    def stamp(self) -> dict[str, Any]:
        """The `policy` object of a report: who promised, since when, and every number."""
        return {
            "id": self.id,
            "version": self.version,
            "effective": self.effective.isoformat(),
            "digest": self.digest,
            "title": self.title,
            "marking": self.marking,
            **self.numbers(),
        }

    def require_own(self) -> None:
        """Refuse to publish under a built-in policy.

        Raises:
            NotYourOwnPolicy: The policy asks for a site's own id and has none.
        """
        if self.disclosure.own_policy and self.id in BUILT_IN:
            raise NotYourOwnPolicy(self.id)
