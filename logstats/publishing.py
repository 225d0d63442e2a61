"""A period is published once: the ledger remembers, and refuses what overlaps.

The difference of two reports whose periods overlap is a report that nobody has looked at. What
was published stays known after it was replaced, so that every later report is held to it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from logstats.disclose import overlaps
from logstats.errors import CheckFailed, OutputError, StoreError, UsageError
from logstats.frozen import frozen
from logstats.ledger import LedgerEvent, head_of, record_event, record_event_after
from logstats.tables import Period, Report

PUBLISHED: Final = "published"
WITHDRAWN: Final = "not-published"  # the outputs of that line could not be written
_HEAD_SIGNS: Final = 16  # 64 bits: enough for `audit --expect-head`, short enough for a footer
_REASON_SIGNS: Final = 200


class PublishedBefore(CheckFailed):
    """Days of a report stand in one that was published; names the ledger's line."""

    def __init__(self, ledger: Path, earlier: Publication) -> None:
        super().__init__(
            f"{ledger}: {earlier.period.first} to {earlier.period.last} was published (line {earlier.line}), "
            "and this report shares days with it; `disclosure.publish_once` of the policy forbids a second"
            "\nhint: `--supersede REASON` publishes it all the same, and the ledger keeps the reason"
        )


@frozen
class Publication:
    """A published period: the ledger's line, and the sites it is of (none named: it may be any)."""

    line: int
    period: Period
    sites: frozenset[str]

    def may_share_visitors(self, sites: frozenset[str]) -> bool:
        """Whether it may be of one of these sites."""
        return not self.sites or not sites or not self.sites.isdisjoint(sites)


def stamp_report(report: Report, ledger: Path) -> Report:
    """Return the report with the ledger's last line before it is written, which it thereby proves."""
    entry = head_of(ledger)
    if entry is None:
        return replace(report, ledger={"line": 0})
    return replace(report, ledger={"line": entry.seq, "head": entry.head[:_HEAD_SIGNS]})


def read_reason(text: str | None) -> str | None:
    """Return why a publication replaces another, or None.

    Raises:
        UsageError: It is empty, of several lines, or too long for a ledger.
    """
    if text is None:
        return None
    reason = text.strip()
    if not reason or not reason.isprintable() or len(reason) > _REASON_SIGNS:
        raise UsageError(f"--supersede needs a reason in one line of at most {_REASON_SIGNS} characters")
    return reason


@contextmanager
def published_once(
    report: Report,
    ledger: Path,
    sites: frozenset[str],
    outputs: Callable[[], tuple[Path, ...]],
    *,
    reason: str | None = None,
) -> Iterator[None]:
    """Note a publication in the ledger, and let the caller write it.

    It is noted first: a run that is killed leaves a line too many, never one too few. If the outputs
    cannot be written, and are as they were, a second line says so.

    Args:
        report: What is published.
        ledger: Where it is noted; made if it is not there.
        sites: Whose report it is; empty if nobody said.
        outputs: The files that are there.
        reason: Why it may overlap what was published.

    Raises:
        PublishedBefore: It overlaps, and there is no reason.
        StoreError: The ledger is broken.
    """
    if report.period.first is None or report.period.last is None:
        yield  # no day, no visitor
        return

    def judge(events: list[LedgerEvent]) -> dict[str, Any]:
        earlier = [one for one in _publications(ledger, events) if one.may_share_visitors(sites)]
        shared = overlaps(report.period, [one.period for one in earlier])
        lines = [one.line for one in earlier if one.period in shared]
        if lines and reason is None:
            raise PublishedBefore(ledger, next(one for one in earlier if one.period in shared))
        more = {"supersedes": lines, "reason": reason} if lines else {}
        return _facts(report, sites) | more

    subject = f"{report.period.first} to {report.period.last}"
    entry = record_event_after(ledger, PUBLISHED, subject, judge)
    before = _states(outputs())
    try:
        yield
    except OutputError:
        if _states(outputs()) == before:
            record_event(ledger, WITHDRAWN, subject, {"line": entry.seq})
        raise


def _facts(report: Report, sites: frozenset[str]) -> dict[str, Any]:
    period, policy = report.period, report.policy
    return {
        "first": str(period.first),
        "last": str(period.last),
        "timezone": period.timezone,
        "sites": sorted(sites),
        "policy": {name: policy[name] for name in ("id", "version", "effective", "digest")},
    }


def _publications(ledger: Path, events: list[LedgerEvent]) -> Iterator[Publication]:
    withdrawn = {event.details.get("line") for event in events if event.what == WITHDRAWN}
    for event in events:
        if event.what == PUBLISHED and event.seq not in withdrawn:
            try:
                first, last = (date.fromisoformat(event.details[end]) for end in ("first", "last"))
                period = Period(first, last, (last - first).days + 1, event.details["timezone"])
                yield Publication(event.seq, period, frozenset(event.details["sites"]))
            except (KeyError, TypeError, ValueError):
                raise StoreError(
                    f"{ledger}: line {event.seq} of the ledger is no publication of ours; "
                    "see `logstats audit --ledger`"
                ) from None


def _states(paths: tuple[Path, ...]) -> dict[Path, tuple[int, int]]:
    """What tells whether a file was replaced or written to."""
    found = {}
    for path in paths:
        status = path.stat()
        found[path] = (status.st_ino, status.st_mtime_ns)
    return found
