"""What agent strings tell, as a table; nothing of a client's text is handed on (see `agent_rules`)."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.agent_reader import AT_ONCE, Question, read_agents

if TYPE_CHECKING:
    from logstats.agent_rules import Agent

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


def foresee_agents(values: pl.Series) -> None:
    """Let agent strings be read that `parse_agents` will be asked for soon; see `AgentParser.foresee`."""
    _shared_parser().foresee(values)


class AgentParser:
    """A bounded memory of what agents tell, by hash and not by text; threads may share it."""

    def __init__(self, cache_size: int = CACHE_SIZE) -> None:
        self._generation = cache_size // 2
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        # What is being read.
        self._asked: tuple[list[int], Question] | None = None
        # What agents tell, each once and numbered; and which number an agent's hash has.
        self._told: dict[Agent, int] = {}
        self._rows = pl.DataFrame(schema=COLUMNS)
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}

    def parse(self, values: pl.Series) -> pl.DataFrame:
        """Return what each agent string tells; see `parse_agents`."""
        texts = _shorten(values)
        with self._lock:
            self._take_answer()
            if len(self._told) > MAX_TOLD:
                self._forget()
            numbers = self._look_up(texts)
            if self._rows.height < len(self._told):
                self._rows = pl.DataFrame(list(self._told), schema=COLUMNS, orient="row")
            known = self._rows
        return known[numbers] if numbers else known.clear()

    def foresee(self, values: pl.Series) -> None:
        """Let the first agent strings of a run be read while something else is done with them.

        Of those that come later few are new.
        """
        if not self._is_new:
            return
        new = {hash(text): text for text in _shorten(values)}
        with self._lock:
            if self._is_new:
                keys = list(new)[:AT_ONCE]
                self._asked = keys, Question([new[key] for key in keys])

    @property
    def _is_new(self) -> bool:
        """Whether nobody has asked for an agent yet."""
        return self._asked is None and not self._young

    def cached(self) -> int:
        """Return how many agents are remembered."""
        return len(self._young) + len(self._old)

    def _look_up(self, texts: list[str | None]) -> list[int]:
        """Return the number of what each agent tells."""
        keys = [hash(text) for text in texts]
        known = {key: number for key in keys if (number := self._recall(key)) is not None}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for key, agent in zip(new, read_agents(list(new.values())), strict=True):
            known[key] = self._number(agent)
        for key in new:
            self._remember(key, known[key])
        return [known[key] for key in keys]

    def _take_answer(self) -> None:
        if self._asked is not None:
            keys, question = self._asked
            self._asked = None
            for key, agent in zip(keys, question.answer(), strict=True):
                self._remember(key, self._number(agent))

    def _number(self, agent: Agent) -> int:
        return self._told.setdefault(agent, len(self._told))

    def _recall(self, key: int) -> int | None:
        """Return the number of an agent that was seen before."""
        number = self._young.get(key)
        if number is None and (number := self._old.get(key)) is not None:
            self._remember(key, number)
        return number

    def _remember(self, key: int, number: int) -> None:
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[key] = number


def _shorten(values: pl.Series) -> list[str | None]:
    short = values.cast(pl.String).str.head(MAX_CHARACTERS)
    return short.str.replace_all(_BUILD, "$1.0.0.0").to_list()


@cache
def _shared_parser() -> AgentParser:
    return AgentParser()
