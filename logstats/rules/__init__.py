"""Lists that people will want to change, kept as data; each file states its reasons.

A list is read once, when it is first needed, and checked while it is read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class BotRule:
    """A named bot: `pattern` is looked for anywhere in the agent string, in any case."""

    name: str
    kind: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Sign:
    """A pattern that stands for no name, and why it tells something."""

    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class BotRules:
    """Named bots, then people who look like one, then signs of any bot; the first that fits decides."""

    bots: tuple[BotRule, ...]
    people: tuple[Sign, ...]
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class DeviceRule:
    """A class of devices and the words that tell it; the first rule that fits decides."""

    device: str
    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class SearchEngine:
    """A search engine: whole registrable domains, and labels that stand before any suffix."""

    name: str
    labels: tuple[str, ...]
    domains: tuple[str, ...]


def load_rules(name: str) -> dict[str, Any]:
    """Return the content of `rules/NAME.toml`."""
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


@cache
def load_bot_rules() -> BotRules:
    """Return the rules of `bots.toml`, in their order."""
    rules = load_rules("bots")
    return BotRules(
        bots=tuple(BotRule(**rule) for rule in rules["bots"]),
        people=tuple(Sign(**rule) for rule in rules["people"]),
        signs=tuple(Sign(**rule) for rule in rules["signs"]),
    )


@cache
def load_device_rules() -> tuple[DeviceRule, ...]:
    """Return the rules of `devices.toml`, in their order."""
    return tuple(DeviceRule(**rule) for rule in load_rules("devices")["devices"])


@cache
def load_static_extensions() -> frozenset[str]:
    """Return the extensions of `static_files.toml`, in lower case, without the dot."""
    groups = load_rules("static_files")["group"]
    return frozenset(extension for group in groups for extension in group["extensions"])


@cache
def load_search_engines() -> tuple[SearchEngine, ...]:
    """Return the search engines of `search_engines.toml`."""
    rules = load_rules("search_engines")["engines"]
    return tuple(SearchEngine(rule["name"], tuple(rule["labels"]), tuple(rule["domains"])) for rule in rules)


def is_static_path(path: pl.Expr) -> pl.Expr:
    """Return whether a path (without query) names a static file; null stays null.

    Only the last segment counts, so that `/logo.png/edit` is a page.
    """
    extension = path.str.extract(r"\.([A-Za-z0-9]{2,11})$").str.to_lowercase()
    static = extension.is_in(sorted(load_static_extensions())).fill_null(value=False)
    return pl.when(path.is_not_null()).then(static)


def search_engine_of(domain: pl.Expr) -> pl.Expr:
    """Return the name of the search engine a registrable domain belongs to, or null.

    >>> frame = pl.DataFrame({"domain": ["google.co.uk", "bing.com", "example.org"]})
    >>> frame.select(search_engine_of(pl.col("domain"))).to_series().to_list()
    ['Google', 'Bing', None]
    """
    engines = load_search_engines()
    by_domain = {domain: engine.name for engine in engines for domain in engine.domains}
    by_label = {label: engine.name for engine in engines for label in engine.labels}
    whole = domain.replace_strict(by_domain, default=None, return_dtype=pl.String)
    label = domain.str.extract(r"^([^.]+)\.(?:[a-z]{2,3}\.)?[a-z]{2,3}$")
    return whole.fill_null(label.replace_strict(by_label, default=None, return_dtype=pl.String))
