"""One night: collect, report, audit, forget, under one lock; silent when all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from logstats.audit.finding import Level
from logstats.audit.rules import Request
from logstats.audit.rules import Rules as AuditRules
from logstats.audit.run import run_audit
from logstats.collecting import Collected, Task, collect_logs, is_over
from logstats.collecting.carriers import open_carrier
from logstats.enrich import Scope
from logstats.errors import CheckFailed, InputError, LogstatsError
from logstats.frozen import frozen
from logstats.ledger import STORE_LEDGER, InputRecord, Manifest, commit_input, make_nonce, record_run
from logstats.nightly.alerts import check_day, check_silence
from logstats.nightly.config import Config, ReportConfig, SiteConfig
from logstats.nightly.periods import fill_pattern, spans_of
from logstats.nightly.raw_logs import delete_log, find_deletable
from logstats.pipeline import Rules
from logstats.publishing import PublishedBefore, published_once, stamp_report
from logstats.report import find_files, write_reports
from logstats.store import Store, lock_store, open_store
from logstats.store.database import check_integrity
from logstats.store.days import Site, add_site, stored_days
from logstats.store.retention import forget_days
from logstats.store.streams import Stream, load_streams, save_streams
from logstats.stored import Span, report_store

# Of several failures the worst decides how the run ends.
_WORST_FIRST: Final = (70, 4, 2, InputError.exit_code, CheckFailed.exit_code)


@dataclass(slots=True)
class Outcome:
    """What a night made, and what is to be said of it."""

    messages: list[str] = field(default_factory=list)
    codes: set[int] = field(default_factory=set)
    written: list[Path] = field(default_factory=list)
    deletable: list[Path] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The code of the worst failure; 0 if there was none."""
        return next((code for code in _WORST_FIRST if code in self.codes), max(self.codes, default=0))

    def fail(self, code: int, message: str) -> None:
        """Remember a failure."""
        self.codes.add(code)
        self.messages.append(message)


def run_nightly(config: Config, now: datetime, *, dry_run: bool = False) -> Outcome:
    """Do what a configuration says.

    A site that fails does not keep the others from being collected.

    Args:
        config: What to do.
        now: The time.
        dry_run: Only list the logs that would be deleted.

    Raises:
        LockHeld: Another run is at it.
        StoreError: The store cannot be used.
    """
    outcome = Outcome()
    with lock_store(config.store, f"nightly {config.file}"), open_store(config.store, create=True) as store:
        if dry_run:
            outcome.deletable = [
                log for one in config.sites for log in _delete_logs(store, config, one, now, dry_run=True)
            ]
            return outcome
        check_integrity(store)
        for one in config.sites:
            _guard(outcome, partial(_serve_site, store, config, one, now, outcome))
        if config.audit and outcome.written:
            _guard(outcome, lambda: _audit(config, now, outcome))
        today = now.astimezone(UTC).date()
        _guard(outcome, lambda: forget_days(store, today - timedelta(days=config.keep_days)))
        for one in config.sites:
            _guard(outcome, partial(_delete_logs, store, config, one, now, dry_run=False))
    return outcome


def _guard(outcome: Outcome, step: Callable[[], object]) -> None:
    try:
        step()
    except LogstatsError as error:
        outcome.fail(error.exit_code, str(error))


def _serve_site(store: Store, config: Config, one: SiteConfig, now: datetime, outcome: Outcome) -> None:
    site = add_site(store, one.name, one.timezone)
    rules = Rules(one.policy, Scope(one.timezone), one.geo, proxies=one.proxies)
    done = collect_logs(store, Task(site, one.logs, rules, now, one.format, late=one.late))
    for problem in done.problems:
        outcome.fail(
            InputError.exit_code, f"{one.name}: {problem.source}: {problem.reason}; no day was stored"
        )
    for name, lines in done.vanished.items():
        message = f"{one.name}: {name}: {lines:,} lines seen before are in none of the logs now"
        outcome.fail(InputError.exit_code, message)
    written: list[Path] = []
    for report in one.reports:
        maker = _Maker(store, site, one, config.store / STORE_LEDGER if config.ledger else None, outcome)
        written += maker.write_reports(report, done, now)
    outcome.written += written
    if config.ledger and (done.days or done.late_days or written):
        _note_run(store, config, site, one, done, written)
    for day in done.days:
        for sentence in check_day(store, site, day, one.alerts):
            outcome.fail(CheckFailed.exit_code, sentence)
    today = now.astimezone(ZoneInfo(one.timezone)).date()
    newest = max(filter(None, (done.newest, max(stored_days(store, site), default=None))), default=None)
    for sentence in check_silence(one.name, newest, today, one.alerts):
        outcome.fail(CheckFailed.exit_code, sentence)


@frozen
class _Maker:
    """Writes the reports of a site."""

    store: Store
    site: Site
    config: SiteConfig
    ledger: Path | None
    outcome: Outcome

    def write_reports(self, report: ReportConfig, done: Collected, now: datetime) -> Iterator[Path]:
        """Write the reports of all periods in which something is new; yield what was written."""
        for span in spans_of([*done.days, *done.late_days], report.period):
            targets = [fill_pattern(output, self.config.name, span) for output in report.outputs]
            # What is published once is published when nothing more comes, and never again.
            if self.config.policy.disclosure.publish_once and (
                not is_over(span.last or date.max, self.site.timezone, now)
                or any(Path(target).exists() for target in targets)
            ):
                continue
            try:
                self._write(report, span, targets)
            except PublishedBefore as error:
                self.outcome.fail(error.exit_code, f"{self.config.name}: {error}")
                continue
            yield from map(Path, targets)

    def _write(self, report: ReportConfig, span: Span, targets: list[str]) -> None:
        policy = self.config.policy
        made = report_store(self.store, self.site, policy, span, top=report.top, compare=report.compare)
        if self.ledger is None:
            write_reports(made, targets)
        elif policy.disclosure.publish_once:
            sites = frozenset((self.site.name,))
            with published_once(made, self.ledger, sites, lambda: find_files(targets)):
                write_reports(stamp_report(made, self.ledger), targets)
        else:
            write_reports(stamp_report(made, self.ledger), targets)


def _note_run(
    store: Store, config: Config, site: Site, one: SiteConfig, done: Collected, written: list[Path]
) -> None:
    """Note the run in the ledger, with the logs that are counted whole now."""
    inputs: list[InputRecord] = []
    covered: list[Stream] = []
    nonce = make_nonce()
    for stream in load_streams(store, site.id):
        if (
            stream.is_used_up
            and stream.ledger is None
            and stream.name in done.whole
            and _is_untouched(stream, store.key)
        ):
            inputs.append(commit_input(Path(stream.name), nonce))
            covered.append(stream)
    lines = done.lines
    counts = {
        "read": lines.read,
        "parsed": lines.parsed,
        "blank": lines.blank,
        "rejected": lines.rejected.total(),
    }
    days = [*done.days, *done.late_days]
    period = {"first": min(days).isoformat(), "last": max(days).isoformat()} if days else {}
    files = find_files(written)
    told = {"site": one.name, "run": "nightly"}
    counts |= {"late": done.late, "dropped": done.dropped}
    manifest = Manifest(tuple(inputs), files, one.policy.stamp(), counts, told, period)
    entry = record_run(config.store / STORE_LEDGER, manifest)
    for stream in covered:
        stream.ledger = entry.seq
    with store.transaction():
        save_streams(store, site.id, covered)


def _is_untouched(stream: Stream, key: bytes) -> bool:
    """Whether the file of a stream is as it was when it was used whole."""
    try:
        carrier = open_carrier(stream.name, key)
    except OSError:
        return False
    carrier.close()
    return bool(stream.unchanged) and carrier.unchanged == stream.unchanged


def _audit(config: Config, now: datetime, outcome: Outcome) -> None:
    k = min(one.policy.disclosure.k for one in config.sites)
    request = Request(
        tuple(outcome.written), now, stores=(config.store,), rules=AuditRules(k=k), shared_places=()
    )
    result = run_audit(request)
    if result.exit_code:
        found = sum(finding.level != Level.NOTE for finding in result.findings)
        outcome.fail(result.exit_code, f"audit: {found} findings in what was written; see `logstats audit`")


def _delete_logs(
    store: Store, config: Config, one: SiteConfig, now: datetime, *, dry_run: bool
) -> list[Path]:
    if config.delete_logs_after_days is None or not config.ledger:
        return []
    site = add_site(store, one.name, one.timezone)
    found = list(find_deletable(store, site, one.logs, config.delete_logs_after_days, now))
    for log in () if dry_run else found:
        delete_log(log, config.store / STORE_LEDGER)
    return [log.path for log in found]
