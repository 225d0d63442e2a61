"""What a nightly run does, as a TOML file says it; a key that is not known is an error."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from logstats.collecting import COUNT, DROP
from logstats.errors import LogstatsError, UsageError
from logstats.formats import Format
from logstats.frozen import frozen
from logstats.geo import Geo, open_databases
from logstats.nightly.alerts import Alert, read_alert
from logstats.nightly.periods import PERIODS, read_pattern
from logstats.policy import Policy, load_policy
from logstats.proxies import Proxies
from logstats.recognize import format_named
from logstats.report import check_target
from logstats.store.days import SITE_NAME


class BadConfig(UsageError):
    """A configuration that cannot be meant; names the file and the key."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")


@frozen
class ReportConfig:
    """A report to write whenever a day of its period is stored."""

    outputs: tuple[str, ...]
    period: str = "day"
    top: int | None = None
    compare: bool = False


@frozen
class SiteConfig:
    """One site: its logs, how they are counted, and what is made of them."""

    name: str
    logs: tuple[str, ...]
    format: tuple[Format, ...]
    policy: Policy
    timezone: str
    geo: Geo | None
    late: str
    proxies: Proxies | None = None
    reports: tuple[ReportConfig, ...] = ()
    alerts: tuple[Alert, ...] = ()


@frozen
class Config:
    """A nightly run.

    Attributes:
        store: The store's directory.
        sites: What to collect and report.
        keep_days: Stored days that are older are deleted; None keeps to the policies.
        delete_logs_after_days: Logs that are counted whole and older are deleted; None deletes none.
        ledger: Whether runs are noted in `ledger.jsonl` of the store.
        audit: Whether what was written is searched for personal data.
    """

    file: str
    store: Path
    sites: tuple[SiteConfig, ...]
    keep_days: int
    delete_logs_after_days: int | None = None
    ledger: bool = True
    audit: bool = False


_TOP: Final = frozenset(
    {
        "store",
        "policy",
        "timezone",
        "geo",
        "late",
        "trusted_proxies",
        "keep_days",
        "delete_logs_after_days",
        "ledger",
        "audit",
        "site",
    }
)
_SITE: Final = frozenset(
    {"name", "logs", "format", "policy", "timezone", "geo", "late", "trusted_proxies", "report", "alerts"}
)
_REPORT: Final = frozenset({"outputs", "period", "top", "compare"})


@frozen
class _Table:
    """A table of the file, whose values are asked for by key and kind."""

    file: str
    place: str
    values: Mapping[str, Any]

    def check_keys(self, known: frozenset[str]) -> None:
        for key in self.values:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise BadConfig(
                    self.file, self.key(key), "no such key" + (f"; is `{near[0]}` meant?" if near else "")
                )

    def key(self, name: str) -> str:
        return f"{self.place}{name}"

    def bad(self, name: str, problem: str) -> BadConfig:
        return BadConfig(self.file, self.key(name), problem)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if value is None:
            raise self.bad(name, "is missing")
        if not isinstance(value, str) or not value.strip():
            raise self.bad(name, "must be text")
        return value

    def texts(self, name: str, default: list[str] | None = None) -> tuple[str, ...]:
        value = self.values.get(name, default)
        if value is None:
            raise self.bad(name, "is missing")
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.bad(name, "must be a list of texts")
        return tuple(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.bad(name, "must be true or false")
        return value

    def number(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is not None and (type(value) is not int or not 0 < value < 100_000):
            raise self.bad(name, "must be a whole number from 1")
        return value

    def tables(self, name: str, known: frozenset[str]) -> list[_Table]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.bad(name, f"must be tables, each headed [[{self.key(name)}]]".replace("[1]", ""))
        found = [
            _Table(self.file, f"{self.key(name)}[{number}].", one)
            for number, one in enumerate(value, start=1)
        ]
        for table in found:
            table.check_keys(known)
        return found

    def made(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is made
        """Return what a function makes of a value; its error names this key."""
        try:
            return make()
        except LogstatsError as error:
            raise self.bad(name, str(error)) from None


def load_config(path: Path) -> Config:
    """Return a configuration all of whose names, policies, formats and patterns hold; no log is opened.

    Raises:
        BadConfig: Names the key.
        UsageError: The file cannot be read.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no TOML ({error})") from None
    top = _Table(str(path), "", values)
    top.check_keys(_TOP)
    sites = tuple(_read_site(table, top, path.parent) for table in top.tables("site", _SITE))
    if not sites:
        raise top.bad("site", "is missing; name at least one [[site]]")
    names = [site.name for site in sites]
    if len(set(names)) < len(names):
        raise top.bad("site", "two sites have one name")
    return Config(
        file=str(path),
        store=Path(top.text("store")),
        sites=sites,
        keep_days=top.number("keep_days") or min(site.policy.retention.store_days for site in sites),
        delete_logs_after_days=top.number("delete_logs_after_days"),
        ledger=top.flag("ledger", default=True),
        audit=top.flag("audit", default=False),
    )


def _read_site(table: _Table, top: _Table, beside: Path) -> SiteConfig:
    def own(name: str) -> _Table:
        return table if name in table.values else top

    zone, geo = own("timezone").text("timezone", "UTC"), own("geo").texts("geo", [])
    named = own("policy").text("policy", "default")
    policy = own("policy").made("policy", lambda: _policy(named, beside))
    late = own("late").text("late", COUNT)
    if late not in (COUNT, DROP):
        raise own("late").bad("late", f"must be {COUNT} or {DROP}")
    proxies = own("trusted_proxies").texts("trusted_proxies", [])
    logs = table.texts("logs")
    if not logs or "-" in logs:
        raise table.bad("logs", "must name files, directories or patterns")
    reports = tuple(_read_report(one, policy) for one in table.tables("report", _REPORT))
    if policy.disclosure.publish_once and len(reports) > 1:
        raise table.bad(
            "report", f"policy {policy.id} publishes each day once: one [[site.report]] is all there can be"
        )
    if policy.disclosure.publish_once and reports and not top.flag("ledger", default=True):
        raise top.bad("ledger", f"policy {policy.id} publishes each day once: the ledger remembers it")
    return SiteConfig(
        name=_site_name(table),
        logs=logs,
        format=table.made(
            "format", lambda: format_named(table.text("format") if "format" in table.values else None)
        ),
        policy=policy,
        timezone=own("timezone").made("timezone", lambda: _zone(zone)),
        geo=own("geo").made("geo", lambda: open_databases(geo) if geo else None),
        late=late,
        proxies=own("trusted_proxies").made("trusted_proxies", lambda: Proxies(proxies) if proxies else None),
        reports=reports,
        alerts=tuple(table.made("alerts", partial(read_alert, text)) for text in table.texts("alerts", [])),
    )


def _site_name(table: _Table) -> str:
    name = table.text("name")
    if not SITE_NAME.fullmatch(name):
        raise table.bad("name", "has letters, digits, dots, hyphens and underscores, at most 64")
    return name


def _read_report(table: _Table, policy: Policy) -> ReportConfig:
    period = table.text("period", "day")
    if period not in PERIODS:
        raise table.bad("period", f"must be one of {', '.join(PERIODS)}")
    outputs = table.texts("outputs")
    for output in outputs:
        table.made("outputs", partial(check_target, output))
        table.made("outputs", partial(read_pattern, output))
    table.made("outputs", policy.require_own)
    compare = table.flag("compare", default=False)
    if compare and policy.disclosure.publish_once:
        raise table.bad("compare", f"policy {policy.id} publishes each day once, not again beside the next")
    return ReportConfig(outputs, period, table.number("top"), compare)


def _policy(name: str, beside: Path) -> Policy:
    """Return a policy; a file is looked for beside the configuration."""
    file = beside / name
    return load_policy(str(file) if file.is_file() else name)


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise UsageError(f"{name} is no time zone; write a name such as Europe/Berlin") from None
