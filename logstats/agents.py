"""What an agent string tells: browser, system, device class, and whether it is a bot.

A client writes into its agent string what it likes. So nothing of it is
handed on as text: a family must stand in ua-parser's own patterns, a name of a bot in `rules`,
a version is a short number, and all else is `(unknown)`.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from logstats import rules, schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ua_parser.core import Matcher
    from ua_parser_rs import DeviceExtractor

UNKNOWN: Final = "(unknown)"
NO_AGENT: Final = "(no agent)"
OTHER_BOT: Final = "(other bot)"
BOT_FAMILY: Final = "(bot)"
DEVICE_UNKNOWN: Final = "unknown"
DEVICE_BOT: Final = "bot"

COLUMNS: Final[dict[str, type[pl.DataType]]] = {
    schema.BROWSER: pl.String,
    schema.BROWSER_VERSION: pl.String,
    schema.SYSTEM: pl.String,
    schema.SYSTEM_VERSION: pl.String,
    schema.DEVICE: pl.String,
    schema.BOT: pl.String,
}

# Browsers send 100 to 300 characters; the rest of a long one would only cost time.
MAX_CHARACTERS: Final = 1024
# Agents remembered: about 100 bytes each, in two generations of which the older is dropped.
CACHE_SIZE: Final = 50_000

# Combinations of family, version and system kept; real logs have some hundreds.
MAX_TOLD: Final = 20_000

# Builds differ within a major version: Chrome/121.0.6167.85 is parsed once for all of Chrome 121.
_BUILD: Final = r"(\d+)\.\d+\.\d+\.\d+"
_VERSION: Final = re.compile(r"\d{1,4}", re.ASCII)
_SYSTEM_VERSION: Final = re.compile(r"\d{1,4}(?:\.\d)?", re.ASCII)
# What ua-parser puts together from parts: `(?:Free|Open|Net|)BSD`.
_PUT_TOGETHER: Final = frozenset({"BSD", "FreeBSD", "NetBSD", "OpenBSD"})
# A capital that is no class: \S stays.
_CAPITAL: Final = re.compile(r"(?<!\\)[A-Z]")
# Where a pattern's text is no literal: groups, classes, repetitions, wildcards.
_NO_LITERAL: Final = re.compile(r"\\[dswbDSWB]|(?<!\\)(?:\{[\d,]+\}|[()|?*+^$\[\].])")


class Agent(NamedTuple):
    """What is known of an agent string: a row of `COLUMNS`, in a third of the time of a dataclass."""

    browser: str
    browser_version: str | None
    system: str
    system_version: str | None
    device: str
    bot: str | None


NOTHING_KNOWN: Final = Agent(UNKNOWN, None, UNKNOWN, None, DEVICE_UNKNOWN, None)


def parse_agents(values: pl.Series) -> pl.DataFrame:
    """Return what each agent string tells, in the same order; columns are `COLUMNS`.

    A null is an agent that the format does not tell: nothing is known, and it is no
    bot. "-" and "" are a client that sent none, which no browser does: the bot `(no agent)`.
    A bot's browser and system are `(bot)`, its device is `bot`. `bot` is null for people.

    >>> agents = pl.Series(["curl/8.5.0", "-", None])
    >>> parse_agents(agents)["bot"].to_list()
    ['curl', '(no agent)', None]
    """
    return _shared_parser().parse(values)


class AgentParser:
    """The compiled rules, and a bounded memory of what was parsed, by hash and not by text."""

    def __init__(self, cache_size: int = CACHE_SIZE) -> None:
        from ua_parser import load_lazy_builtins
        from ua_parser.regex import Resolver

        matchers = load_lazy_builtins()
        crawlers = [m for m in matchers[2] if getattr(m, "family", None) == "Spider"]
        resolver = Resolver((matchers[0], matchers[1], crawlers))
        self._browsers = resolver.ua
        self._systems = resolver.os
        self._crawlers = resolver.de
        self._families = _Literals([*matchers[0], *matchers[1]])
        self._bots, self._bot_names = _compile_bots()
        devices = rules.load_device_rules()
        self._devices = _compile(rule.pattern for rule in devices)
        self._device_names = [rule.device for rule in devices]
        self._generation = cache_size // 2
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        # What agents tell, each once and numbered; and which number an agent's hash has.
        self._told: dict[Agent, int] = {}
        self._rows = pl.DataFrame(schema=COLUMNS)
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}

    def parse(self, values: pl.Series) -> pl.DataFrame:
        """Return what each agent string tells; see `parse_agents`."""
        short = values.cast(pl.String).str.head(MAX_CHARACTERS).str.replace_all(_BUILD, "$1.0.0.0")
        with self._lock:
            if len(self._told) > MAX_TOLD:
                self._forget()
            numbers = [self._look_up(text) for text in short.to_list()]
            if self._rows.height < len(self._told):
                self._rows = pl.DataFrame(list(self._told), schema=COLUMNS, orient="row")
            known = self._rows
        return known[numbers] if numbers else known.clear()

    def cached(self) -> int:
        """Return how many agents are remembered."""
        return len(self._young) + len(self._old)

    def fixed_names(self) -> frozenset[str]:
        """Return the texts that names of browsers and systems are made of."""
        return self._families.literals()

    def _look_up(self, text: str | None) -> int:
        """Return the number of what an agent tells."""
        key = hash(text)
        number = self._young.get(key)
        if number is None:
            number = self._old.get(key)
            if number is None:
                number = self._told.setdefault(self.parse_one(text), len(self._told))
            if len(self._young) >= self._generation:
                self._old, self._young = self._young, {}
            self._young[key] = number
        return number

    def parse_one(self, text: str | None) -> Agent:
        """Return what one agent string tells, without memory."""
        if text is None:
            return NOTHING_KNOWN
        if bot := self.find_bot(text):
            return Agent(BOT_FAMILY, None, BOT_FAMILY, None, DEVICE_BOT, bot)
        browser, browser_version = UNKNOWN, None
        if found := self._browsers.extract(text):
            browser = self._families.known(found.family)
            browser_version = _short_version(found.major) if browser != UNKNOWN else None
        system, system_version = UNKNOWN, None
        if os := self._systems.extract(text):
            system = self._families.known(os.family)
            system_version = self._system_version(os.major) if system != UNKNOWN else None
        device = self._devices.extract(text.lower())
        return Agent(
            browser,
            browser_version,
            system,
            system_version,
            self._device_names[int(device.family)] if device else DEVICE_UNKNOWN,
            None,
        )

    def find_bot(self, text: str) -> str | None:
        """Return the name of a bot, or None for people."""
        if text in {"", "-"}:
            return NO_AGENT
        if found := self._bots.extract(text.lower()):
            return self._bot_names[int(found.family)]
        return OTHER_BOT if self._crawlers.extract(text) else None

    def _system_version(self, major: str | None) -> str | None:
        """Return a number (11, 8.1), or a name that Windows versions have (XP, Vista)."""
        if major is None or _SYSTEM_VERSION.fullmatch(major):
            return major
        return major if self._families.known(major) != UNKNOWN else None


class _Literals:
    """The texts that stand literally in ua-parser's patterns and replacements."""

    def __init__(self, matchers: Iterable[Matcher[Any]]) -> None:
        self._literals = set(_PUT_TOGETHER)
        self._templates: list[re.Pattern[str]] = []
        for matcher in matchers:
            self._add_pattern(matcher.regex)
            for name in ("family", "major"):
                self._add_template(getattr(matcher, name, None) or "")

    def literals(self) -> frozenset[str]:
        """Return all of them."""
        return frozenset(self._literals)

    def known(self, family: str) -> str:
        """Return the family if its text is fixed by the rules, `(unknown)` otherwise."""
        if family in self._literals:
            return family
        parts = (found for template in self._templates if (found := template.fullmatch(family)))
        if any(all(part in self._literals for part in found.groups()) for found in parts):
            return family
        return UNKNOWN

    def _add_pattern(self, pattern: str) -> None:
        for literal in _NO_LITERAL.split(pattern):
            self._literals.add(literal.replace("\\", "").strip())

    def _add_template(self, template: str) -> None:
        if "$" not in template:
            self._literals.add(template)
        elif not re.fullmatch(r"\$\d", template):
            fixed = [re.escape(part) for part in re.split(r"\$\d", template)]
            self._templates.append(re.compile("(.+)".join(fixed)))


def _short_version(major: str | None) -> str | None:
    return major if major and _VERSION.fullmatch(major) else None


def _compile_bots() -> tuple[DeviceExtractor, list[str | None]]:
    """Return one extractor for all rules of bots, and the name that each rule's number stands for."""
    bot_rules = rules.load_bot_rules()
    named: list[tuple[str, str | None]] = [
        *((rule.pattern, rule.name) for rule in bot_rules.bots),
        *((rule.pattern, None) for rule in bot_rules.people),
        *((rule.pattern, OTHER_BOT) for rule in bot_rules.signs),
    ]
    return _compile(pattern for pattern, _ in named), [name for _, name in named]


def _compile(patterns: Iterable[str]) -> DeviceExtractor:
    """Return an extractor whose answer for a text in lower case is the number of the first pattern that fits.

    Lower case on both sides takes 15 ms to compile, patterns without regard to case 36 ms.
    """
    from ua_parser_rs import DeviceExtractor

    lower = (_CAPITAL.sub(lambda found: found[0].lower(), pattern) for pattern in patterns)
    return DeviceExtractor((pattern, None, str(number), None, None) for number, pattern in enumerate(lower))


@cache
def _shared_parser() -> AgentParser:
    return AgentParser()
