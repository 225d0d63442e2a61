"""The order of the stages; read this first.

    report:     read -> parse -> redact -> enrich -> aggregate -> disclose

One thread reads and unpacks, two count, as functions that polars calls (see `workers`). They share the open
days and what was made of values. For logs without personal data see `anonymize`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from logstats import schema
from logstats.agents import foresee_agents
from logstats.aggregate import OpenDays
from logstats.batches import AGENT, REQUEST, remember
from logstats.dictionary import Dictionaries
from logstats.disclose import disclose
from logstats.enrich import Enricher, Scope, select_hits
from logstats.frozen import frozen
from logstats.jobs import Job, Logs, SharedJobs
from logstats.parse import Parsed, batch_of_hits, parse_block
from logstats.redact import Redactor
from logstats.rollup import SOURCES
from logstats.seeds import Seeds
from logstats.summaries import DURATIONS
from logstats.tally import Tally
from logstats.workers import share

if TYPE_CHECKING:
    from logstats.batches import EnrichedBatch, ParsedBatch
    from logstats.formats import Format, Hit
    from logstats.geo import Geo
    from logstats.policy import Policy
    from logstats.proxies import Proxies
    from logstats.read import BlockSize
    from logstats.tables import Report

# More of them need more memory, for each has a block in hand.
COUNTING_THREADS: Final = 2
# Hits of the exact parser are counted when there are this many, for a batch costs the same with few.
ODD_HITS_AT_ONCE: Final = 20_000


@dataclass(slots=True)
class Counted:
    """What came of the logs: open days, the account of lines, what was replaced."""

    days: OpenDays
    lines: Tally = field(default_factory=Tally)
    replaced: Counter[str] = field(default_factory=Counter)


@frozen
class Rules:
    """How to count: under which policy, which hits, with which databases, for whose site.

    Attributes:
        sites: Host names of the site itself, beside those that the policy lists.
        proxies: Whose word counts about who the client is.
    """

    policy: Policy
    scope: Scope = field(default_factory=Scope)
    geo: Geo | None = None
    sites: tuple[str, ...] = ()
    proxies: Proxies | None = None

    @property
    def own_hosts(self) -> frozenset[str]:
        """The site's own host names: not a referrer, and fit to be named."""
        return frozenset((*self.policy.sites, *self.sites))

    @property
    def places(self) -> bool:
        """Whether the cut address is looked up or shown."""
        return self.geo is not None or self.policy.addresses.networks_table


class _Stages:
    """The stages before counting, and what they remember of values; all threads use them."""

    def __init__(self, rules: Rules, seeds: Seeds) -> None:
        self.rules = rules
        networks = rules.policy.addresses.networks_table
        self.redactor = Redactor(rules.policy, seeds, places=rules.places, hosts=rules.own_hosts)
        self._enricher = Enricher(rules.scope, geo=rules.geo, networks=networks)
        self._dictionaries = Dictionaries()

    def parse(self, job: Job) -> Parsed:
        """Return the hits of a block."""
        return parse_block(
            job.block.data,
            job.formats,
            keep_query=bool(self.rules.policy.paths.keep_params),
            proxies=self.rules.proxies,
            dictionaries=self._dictionaries,
        )

    def enrich(self, parsed: ParsedBatch) -> EnrichedBatch:
        """Return hits without personal data, and with what was told of them."""
        lasting = remember(parsed, self._dictionaries)
        foresee_agents(lasting.values[AGENT][AGENT])
        return self._enricher.enrich_batch(self.redactor.redact_batch(lasting))


class _Counter:
    """One thread's share of the counting."""

    def __init__(self, stages: _Stages, days: OpenDays, block_size: BlockSize) -> None:
        self._stages = stages
        self._block_size = block_size
        self._odd: dict[Format, list[Hit]] = {}
        self.counted = Counted(days)

    def parse_next(self, jobs: SharedJobs) -> tuple[Parsed, Format | None] | None:
        """Return what the next block holds and its format, None if there is no block left.

        The bytes of the block are gone before its hits are counted: they are a fifth of what that takes.
        """
        job = next(jobs, None)
        if job is None:
            return None
        self.counted.lines.add(job.unread())
        if not job.formats:
            return Parsed(None, [], Tally()), None
        return self._stages.parse(job), job.formats[0]

    def count_parsed(self, parsed: Parsed, format_: Format | None) -> None:
        """Count the hits of a block."""
        self.counted.lines.add(parsed.tally)
        if parsed.batch is not None:
            self.count_batch(parsed.batch)
        if parsed.odd_hits and format_ is not None:
            odd = self._odd.setdefault(format_, [])
            odd += parsed.odd_hits
            if len(odd) >= ODD_HITS_AT_ONCE:
                self.count_odd(format_)

    def count_odd(self, format_: Format) -> None:
        """Count the hits that the exact parser read."""
        hits = self._odd.pop(format_)
        for start in range(0, len(hits), ODD_HITS_AT_ONCE):
            self.count_batch(batch_of_hits(hits[start : start + ODD_HITS_AT_ONCE], format_))

    def finish(self) -> Counted:
        """Count what is left and return all."""
        for format_ in list(self._odd):
            self.count_odd(format_)
        return self.counted

    def count_batch(self, parsed: ParsedBatch) -> None:
        """Redact, enrich and count a batch."""
        enriched = self._stages.enrich(parsed)
        if REQUEST not in enriched.eras:
            # Of requests that do not come again a larger block would only take more memory.
            self._block_size.narrow()
        selected = select_hits(enriched, self._stages.rules.scope)
        self.counted.lines.filtered += enriched.hits.height - selected.hits.height
        if selected.hits.height:
            self.counted.days.count(selected)


def _count_all(counter: _Counter, jobs: SharedJobs) -> Counted:
    try:
        while (found := counter.parse_next(jobs)) is not None:
            counter.count_parsed(*found)
        return counter.finish()
    except BaseException:
        jobs.stop()
        raise


def count_logs(logs: Logs, rules: Rules) -> Counted:
    """Return the counts of all lines of the logs; what could not be read is in `logs.problems`."""
    limits = rules.policy.limits
    days = OpenDays(Seeds(), max_keys=limits.max_keys, max_pairs=limits.max_pairs)
    stages = _Stages(rules, days.seeds)
    counters = [_Counter(stages, days, logs.block_size) for _ in range(COUNTING_THREADS)]
    jobs = SharedJobs(logs.jobs())

    def halt() -> None:
        # An interrupt ends the run after the block in hand, not after the whole log.
        logs.halted.set()
        jobs.stop()

    counted = share(lambda counter: _count_all(counter, jobs), counters, threads=COUNTING_THREADS, halt=halt)
    whole = counted[0]
    for part in counted[1:]:
        whole.lines.add(part.lines)
    whole.replaced = stages.redactor.replaced
    return whole


def report_logs(logs: Logs, rules: Rules, *, top: int | None = None) -> Report:
    """Return the report of the logs: all stages from read to disclose."""
    counted = count_logs(logs, rules)
    tables = told_tables(logs, rules)
    summary = counted.days.close(tables, wide=False)
    return disclose(
        summary,
        rules.policy,
        counted.days.union,
        lines=counted.lines,
        timezone=rules.scope.timezone,
        top=top,
        bots=rules.scope.bots,
        replaced=dict(counted.replaced),
        notes=_notes(counted),
        site=", ".join(rules.sites) or None,
    )


def told_tables(logs: Logs, rules: Rules) -> tuple[str, ...]:
    """Return the tables that the logs and databases can tell something about."""
    columns = {column for format_ in logs.found_formats for column in format_.columns}
    wanted = {
        "referrers": schema.REFERRER in columns,
        **dict.fromkeys(("browsers", "systems", "devices"), schema.AGENT in columns),
        "vhosts": schema.VHOST in columns and bool(rules.own_hosts),
        "cache": schema.CACHE_STATUS in columns,
        "tls": bool({schema.TLS_PROTOCOL, schema.TLS_CIPHER} & columns),
        "countries": rules.geo is not None and rules.geo.tells_country,
        "networks": (rules.geo is not None and rules.geo.tells_network)
        or rules.policy.addresses.networks_table,
    }
    told = tuple(name for name in SOURCES if wanted.get(name, True))
    return (*told, DURATIONS) if schema.DURATION_US in columns else told


def _notes(counted: Counted) -> tuple[str, ...]:
    """Return what a reader must know of the counting itself."""
    notes = []
    if counted.days.sample_share < 1:
        notes.append(f"Visitors are estimated from a sample of {counted.days.sample_share:.3%} of them")
    if missed := counted.days.missed_hits:
        notes.append(f"Rare values were folded into (other): a row may lack up to {missed:,} hits")
    return tuple(notes)
