"""What the agent string, the minute, and the cut address tell; then these are gone too."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from logstats import schema
from logstats.agents import parse_agents
from logstats.batches import AGENT, CIDR, CLIENT, CUT, MINUTE, REQUEST, Batch, EnrichedBatch
from logstats.dictionary import Grown
from logstats.frozen import frozen
from logstats.rules import load_static_extensions

if TYPE_CHECKING:
    from logstats.batches import RedactedBatch
    from logstats.geo import Geo

# What `--bots` may say about hits of known bots.
BOTS_APART: Final = "apart"
BOTS_LEFT_OUT: Final = "exclude"
BOTS_ONLY: Final = "only"


@frozen
class Scope:
    """Which hits count: days from first to last (both included), people and bots."""

    timezone: str = "UTC"
    since: date | None = None
    until: date | None = None
    bots: str = BOTS_APART


class Enricher:
    """Tells what is in the redacted values; threads may share it.

    Args:
        scope: The time zone of days and hours.
        geo: Databases in which the cut addresses are looked up.
        networks: Whether the cut address itself is the network, where no database tells one.
    """

    def __init__(self, scope: Scope, *, geo: Geo | None = None, networks: bool = False) -> None:
        self._scope = scope
        self._geo = geo
        self._networks = networks
        self._agents = Grown(lambda agents: parse_agents(agents[AGENT]).with_columns(agents[schema.TOKEN]))
        self._requests = Grown(
            lambda requests: requests.with_columns(is_static_path(pl.col(schema.PATH)).alias("static"))
        )

    def enrich_batch(self, redacted: RedactedBatch) -> EnrichedBatch:
        """Return hits with day, hour, browser, system, device, bot and place."""
        values = redacted.values
        local = pl.col(schema.TIME).dt.convert_time_zone(self._scope.timezone)
        minutes = values[MINUTE].select(
            local.dt.date().alias(schema.DAY), local.dt.hour().cast(pl.Int64).alias(schema.HOUR)
        )
        agents = redacted.grow(AGENT, self._agents)
        requests = redacted.grow(REQUEST, self._requests)
        clients = _places(values[CLIENT], self._geo, networks=self._networks)
        return EnrichedBatch(redacted.replace(minute=minutes, agent=agents, request=requests, client=clients))


def _places(clients: pl.DataFrame, geo: Geo | None, *, networks: bool) -> pl.DataFrame:
    """Return the token, country and network of each client; null where nobody asked."""
    nothing = pl.lit(None, pl.String)
    country: pl.Series | pl.Expr = nothing.alias(schema.COUNTRY)
    network: pl.Series | pl.Expr = nothing.alias(schema.NETWORK)
    if geo is not None:
        told = geo.look_up(clients[CUT])
        country = told[schema.COUNTRY] if geo.tells_country else country
        network = told[schema.NETWORK] if geo.tells_network else network
    if networks and (geo is None or not geo.tells_network):
        network = pl.col(CIDR).fill_null("(unknown)").alias(schema.NETWORK)
    return clients.select(schema.TOKEN, country, network)


def select_hits(batch: EnrichedBatch, scope: Scope) -> EnrichedBatch:
    """Return the hits that count."""
    day = batch.values[MINUTE][schema.DAY][batch.hits[MINUTE]]
    is_bot = batch.values[AGENT][schema.BOT].is_not_null()
    wanted: list[pl.Series] = []
    if scope.since is not None:
        wanted.append(day >= scope.since)
    if scope.until is not None:
        wanted.append(day <= scope.until)
    if scope.bots != BOTS_APART:
        wanted.append((is_bot == (scope.bots == BOTS_ONLY))[batch.hits[AGENT]])
    if not wanted:
        return batch
    every = pl.DataFrame([rows.alias(str(number)) for number, rows in enumerate(wanted)])
    keep = every.select(pl.all_horizontal(pl.all())).to_series()
    return EnrichedBatch(Batch(batch.hits.filter(keep), batch.values, batch.eras))


def is_static_path(path: pl.Expr) -> pl.Expr:
    """Return whether a path (without query) names a static file; null stays null.

    Only the last segment counts, so that `/logo.png/edit` is a page.
    """
    extension = path.str.extract(r"\.([A-Za-z0-9]{2,11})$").str.to_lowercase()
    static = extension.is_in(sorted(load_static_extensions())).fill_null(value=False)
    return pl.when(path.is_not_null()).then(static)
