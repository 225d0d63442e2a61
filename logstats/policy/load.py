"""TOML files to a checked `Policy`: no unknown key, no impossible value, no weaker child of `public`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from logstats.errors import UsageError
from logstats.policy.rules import RULES
from logstats.policy.values import BUILT_IN, GROUPS, Policy, Promise

# A base whose numbers are a floor for everything that extends it.
FLOOR: Final = "public"
HEAD: Final = ("id", "version", "effective", "title", "extends", "sites")
HOST_NAME: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
MAX_DEPTH: Final = 8  # bases of bases; more can only be a circle


class UnknownPolicy(UsageError):
    """Neither a built-in policy nor a readable file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: no such policy; the built-in ones are {', '.join(BUILT_IN)}, "
            "any other is the path of a TOML file"
        )


class BadPolicy(UsageError):
    """A policy with a key or a value that cannot be meant."""

    def __init__(self, source: str, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"{source}: {key}: {problem}")


class WeakerThanPublic(BadPolicy):
    """A policy that extends `public` and promises less."""


def load_policy(name_or_path: str) -> Policy:
    """Return a built-in policy by name, or one's own by the path of its TOML file.

    Raises:
        UnknownPolicy: No built-in policy and no readable file has this name.
        BadPolicy: A key that is unknown or missing, or a value that cannot be meant.
        WeakerThanPublic: It extends `public` and promises less in some key.

    >>> load_policy("default").disclosure.k
    10
    """
    return _build(_chain(name_or_path, Path()))


def list_policies() -> list[Policy]:
    """Return the built-in policies."""
    return [load_policy(name) for name in BUILT_IN]


Layer = tuple[str, dict[str, Any]]  # a file's name and its values by dotted key


def _chain(name_or_path: str, beside: Path) -> list[Layer]:
    """The file and its bases, the outermost base first, each a flat dict of dotted keys."""
    layers: list[Layer] = []
    name: str | None = name_or_path
    while name is not None:
        if len(layers) == MAX_DEPTH:
            raise BadPolicy(name_or_path, "extends", f"more than {MAX_DEPTH} bases")
        text, folder = _read(name, beside)
        flat = _flatten(name, text)
        _check_head(name, flat)
        layers.insert(0, (name, flat))
        name, beside = flat.get("extends"), folder
    return layers


def _read(name: str, beside: Path) -> tuple[str, Path]:
    if name in BUILT_IN:
        return (files("logstats") / "policies" / f"{name}.toml").read_text("utf-8"), Path()
    path = beside / name
    try:
        return path.read_text("utf-8"), path.parent
    except (OSError, UnicodeDecodeError):
        raise UnknownPolicy(name) from None


def _flatten(source: str, text: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicy(source, "TOML", str(error)) from None
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if key in GROUPS and isinstance(value, dict):
            flat |= {f"{key}.{name}": _frozen(inner) for name, inner in value.items()}
        else:
            flat[key] = _frozen(value)
    for key in flat:
        if key not in RULES and key not in (*HEAD, "promise"):
            raise BadPolicy(source, key, "no policy has such a key")
    for key, rule in RULES.items():
        if key in flat and not (type(flat[key]) is rule.kind and rule.holds(flat[key])):
            raise BadPolicy(source, key, f"must be {rule.expects}")
    return flat


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _check_head(source: str, flat: dict[str, Any]) -> None:
    """Every file names itself, so that no two promises share an id, a version and a date."""
    for key, pattern in (
        ("id", r"[a-z0-9][a-z0-9._-]{0,63}"),
        ("version", r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}"),
    ):
        if not isinstance(flat.get(key), str) or not re.fullmatch(pattern, flat[key]):
            raise BadPolicy(source, key, f"must be a string like `{pattern}`")
    if not isinstance(flat.get("effective"), date) or isinstance(flat["effective"], datetime):
        raise BadPolicy(source, "effective", "must be a date, such as 2026-01-31, without quotes")
    for key in ("title", "extends"):
        if not isinstance(flat.get(key, ""), str):
            raise BadPolicy(source, key, "must be a string")
    sites = flat.get("sites", ())
    if not isinstance(sites, tuple) or not all(
        isinstance(site, str) and re.fullmatch(HOST_NAME, site) for site in sites
    ):
        raise BadPolicy(source, "sites", "must be a list of host names in lower case")
    if source not in BUILT_IN and flat["id"] in BUILT_IN:
        raise BadPolicy(source, "id", "is the id of a built-in policy; choose your own")


def _build(layers: list[Layer]) -> Policy:
    merged: dict[str, Any] = {}
    floor: dict[str, Any] | None = None
    for source, flat in layers:
        for key in flat:
            if floor and key in RULES and not RULES[key].as_strict(flat[key], floor[key]):
                raise WeakerThanPublic(
                    source, key, f"{flat[key]} promises less than {floor[key]} of `{FLOOR}`"
                )
        merged |= flat
        if source == FLOOR or floor is not None:
            floor = dict(merged)
    source = layers[-1][0]
    for key in RULES:
        if key not in merged:
            raise BadPolicy(source, key, "is missing; `extends` a policy that has it")
    _check_together(source, merged)
    return _assemble(source, merged)


def _check_together(source: str, merged: dict[str, Any]) -> None:
    """Values that are possible alone but not together."""
    if merged["disclosure.k"] > 1 and merged["disclosure.other_min_groups"] < 2:
        problem = "must be at least 2 where k is over 1, or (other) is one hidden group"
        raise BadPolicy(source, "disclosure.other_min_groups", problem)
    if merged["addresses.networks_table"] and "truncate" not in merged["addresses.report_modes"]:
        problem = "needs `truncate` in addresses.report_modes"
        raise BadPolicy(source, "addresses.networks_table", problem)


def _assemble(source: str, merged: dict[str, Any]) -> Policy:
    groups = {
        name: kind(**{key.partition(".")[2]: merged[key] for key in RULES if key.startswith(f"{name}.")})
        for name, kind in GROUPS.items()
    }
    return Policy(
        id=merged["id"],
        version=merged["version"],
        effective=merged["effective"],
        title=merged.get("title", merged["id"]),
        extends=merged.get("extends"),
        sites=merged.get("sites", ()),
        promises=tuple(_promises(source, merged.get("promise", ()))),
        **groups,
    )


def _promises(source: str, entries: object) -> Iterator[Promise]:
    if not isinstance(entries, tuple):
        raise BadPolicy(source, "promise", "must be tables, each headed [[promise]]")
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"says", "does", "checks"}:
            raise BadPolicy(source, "promise", "has the keys says, does and checks")
        if not all(isinstance(value, str) for value in entry.values()):
            raise BadPolicy(source, "promise", "holds strings only")
        yield Promise(**entry)
