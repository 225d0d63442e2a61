"""Lists that people will want to change, kept as data; each file states its reasons.

A list is read once, when it is first needed, and checked while it is read.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from logstats.frozen import frozen


@frozen
class BotRule:
    """A named bot: `pattern` is looked for anywhere in the agent string, in any case."""

    name: str
    kind: str
    pattern: str


@frozen
class Sign:
    """A pattern that stands for no name, and why it tells something."""

    pattern: str
    reason: str


@frozen
class BotRules:
    """Named bots, then people who look like one, then signs of any bot; the first that fits decides."""

    bots: tuple[BotRule, ...]
    people: tuple[Sign, ...]
    signs: tuple[Sign, ...]


@frozen
class DeviceRule:
    """A class of devices and the words that tell it; the first rule that fits decides."""

    device: str
    pattern: str
    reason: str


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
