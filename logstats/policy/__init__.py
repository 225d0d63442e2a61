"""What a site promises, as numbers: how many visitors hide one, how long anything stays.

A number of privacy stands in `policies/*.toml` with its reason above it, never
in code. Every value is checked; what extends `public` may only be stricter.
"""

from __future__ import annotations

from logstats.policy.load import (
    BadPolicy,
    UnknownPolicy,
    WeakerThanPublic,
    list_policies,
    load_policy,
)
from logstats.policy.values import (
    BUILT_IN,
    INTERNAL,
    Addresses,
    Disclosure,
    Limits,
    NotYourOwnPolicy,
    Paths,
    Policy,
    Promise,
    Retention,
)

__all__ = [
    "BUILT_IN",
    "INTERNAL",
    "Addresses",
    "BadPolicy",
    "Disclosure",
    "Limits",
    "NotYourOwnPolicy",
    "Paths",
    "Policy",
    "Promise",
    "Retention",
    "UnknownPolicy",
    "WeakerThanPublic",
    "list_policies",
    "load_policy",
]
