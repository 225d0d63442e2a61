"""What each value of a policy must be, and which of two values promises more."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

from logstats.frozen import frozen


@frozen
class Rule:
    """What a value must be, and which of two values promises more."""

    kind: type
    expects: str
    holds: Callable[[Any], bool]
    as_strict: Callable[[Any, Any], bool]


def _free(_own: object, _base: object) -> bool:
    return True


def _at_least(own: int, base: int) -> bool:
    return own >= base


def _at_most(own: int, base: int) -> bool:
    return own <= base


def _subset(own: tuple[Any, ...], base: tuple[Any, ...]) -> bool:
    return set(own) <= set(base)


def _superset(own: tuple[Any, ...], base: tuple[Any, ...]) -> bool:
    return set(own) >= set(base)


def _whole(low: int, high: int, as_strict: Callable[[int, int], bool]) -> Rule:
    expects = f"a whole number from {low} to {high}"
    return Rule(int, expects, lambda value: low <= value <= high, as_strict)


def _flag(as_strict: Callable[[int, int], bool]) -> Rule:
    return Rule(bool, "true or false", lambda _value: True, as_strict)


def _some_of(allowed: tuple[Any, ...]) -> Rule:
    expects = f"a list of some of {', '.join(map(str, allowed))}, each once"
    return Rule(
        tuple,
        expects,
        lambda value: 0 < len(value) == len(set(value)) and set(value) <= set(allowed),
        _subset,
    )


def _matching(pattern: str, expects: str, as_strict: Callable[..., bool]) -> Rule:
    return Rule(
        tuple,
        f"a list of {expects}",
        lambda value: all(isinstance(x, str) and re.fullmatch(pattern, x) for x in value),
        as_strict,
    )


# From most to least that is taken away.
ADDRESS_MODES: Final = ("drop", "truncate", "keyed")
# RFC 6052 section 2.2: the lengths a NAT64 prefix may have.
NAT64_LENGTHS: Final = (32, 40, 48, 56, 64, 96)


def _is_nat64_prefix(text: object) -> bool:
    try:
        return ipaddress.IPv6Network(text).prefixlen in NAT64_LENGTHS
    except ValueError:
        return False


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return "(?" not in text


RULES: Final[dict[str, Rule]] = {
    "disclosure.k": _whole(1, 1_000_000, _at_least),
    "disclosure.top": _whole(1, 100_000, _free),
    "disclosure.dominance_percent": _whole(50, 100, _at_most),
    "disclosure.other_min_groups": _whole(1, 100, _at_least),
    "disclosure.room": _whole(1, 1_000_000, _at_least),
    "disclosure.round_visitors": _whole(1, 1_000, lambda own, base: own % base == 0),
    "disclosure.show_zeros": _flag(_at_most),
    "disclosure.time_spans": _some_of((1, 3, 6, 24)),
    "disclosure.publish_once": _flag(_at_least),
    "disclosure.own_policy": _flag(_at_least),
    "addresses.report_modes": _some_of(("drop", "truncate")),
    "addresses.networks_table": _flag(_at_most),
    "addresses.anonymize_mode": Rule(
        str,
        f"one of {', '.join(ADDRESS_MODES)}",
        lambda value: value in ADDRESS_MODES,
        lambda own, base: ADDRESS_MODES.index(own) <= ADDRESS_MODES.index(base),
    ),
    "addresses.weaker_options": _flag(_at_most),
    "addresses.ipv4_bits": _whole(0, 32, _at_most),
    "addresses.ipv6_bits": _whole(0, 128, _at_most),
    "addresses.nat64_prefixes": Rule(
        tuple,
        "a list of IPv6 networks of length 32, 40, 48, 56, 64 or 96",
        lambda value: all(_is_nat64_prefix(x) for x in value),
        _superset,
    ),
    "paths.max_length": _whole(16, 4096, _at_most),
    "paths.keep_params": _matching(r"[A-Za-z0-9_.\-]{1,64}", "parameter names", _subset),
    "paths.param_pattern": Rule(
        str,
        "a regular expression without `(?`",
        _is_pattern,
        lambda own, base: bool(own == base),
    ),
    "retention.raw_log_days": _whole(0, 3_650, _at_most),
    "retention.store_days": _whole(1, 36_500, _at_most),
    "retention.key_hours": _whole(1, 36, _at_most),
    "limits.max_keys": _whole(100, 10_000_000, _free),
    "limits.max_pairs": _whole(1_000, 100_000_000, _free),
}
