"""A report as a Prometheus text file for node_exporter's textfile collector.

All metrics are gauges: they describe a closed period, and fall when the next
one is quieter. Only tables whose values are few and known become labels; paths
and referrers stay out, because every new value is a new series for ever.

Source: prometheus.io, "Exposition formats" and "Metric and label naming".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from logstats.report import labels
from logstats.report.dictionary import stamp
from logstats.schema import BOT_HITS, BYTES_SENT, HITS, VISITORS
from logstats.tables import Report, Table

ROWS: Final = 25  # series a table and count
TABLES: Final[dict[str, str]] = {  # table -> what its metrics are called
    "hours": "time_of_day",
    "statuses": "status",
    "methods": "method",
    "protocols": "protocol",
    "browsers": "browser",
    "systems": "system",
    "devices": "device",
    "bots": "bot_family",
    "countries": "country",
    "vhosts": "vhost",
    "cache": "cache",
    "tls": "tls",
}
COUNTS: Final[dict[str, tuple[str, str]]] = {
    HITS: ("hits", "Requests in the period"),
    BOT_HITS: ("bot_hits", "Requests of known bots in the period"),
    VISITORS: ("visitors", "Distinct visitors a day, summed over the days of the period"),
    BYTES_SENT: ("sent_bytes", "Bytes sent in the period"),
}
TOTALS: Final[dict[str, tuple[str, str]]] = {
    **COUNTS,
    "pages": ("pages", "Requests for pages in the period"),
    "client_errors": ("client_errors", "Requests that ended in a status of 400 to 499"),
    "server_errors": ("server_errors", "Requests that ended in a status of 500 to 599"),
}
Sample = tuple[Mapping[str, str], float]


def render(report: Report) -> bytes:
    """Return the report in the text format 0.0.4; a count that must not be shown has no sample."""
    return "".join(_metrics(report)).encode()


def _metrics(report: Report) -> Iterator[str]:
    policy = {name: str(value or "") for name, value in stamp(report).items() if name.startswith("policy_")}
    about = {name.removeprefix("policy_"): value for name, value in policy.items()}
    about["marking"] = str(report.policy.get("marking") or "")
    yield _metric("policy_info", "The policy the numbers were made under", [(about, 1)])
    yield _metric(
        "report_generated_timestamp_seconds",
        "When the report was made",
        [({}, report.generated.timestamp())],
    )
    period = report.period
    for name, day in (("first", period.first), ("last", period.last)):
        help_text = f"Start of the {name} day of the period, as if it were in UTC"
        samples: list[Sample] = [({}, _start(day))] if day else []
        yield _metric(f"period_{name}_day_timestamp_seconds", help_text, samples)
    yield _metric("lines", "Lines read, by what became of them", _lines(report))
    for name, (metric, help_text) in TOTALS.items():
        value = report.totals.get(name)
        yield _metric(metric, help_text, [] if value is None else [({}, value)])
    suppressed = [
        ({"table": table.name}, table.suppressed.groups)
        for table in report.tables.values()
        if table.suppressed
    ]
    yield _metric("suppressed_groups", "Groups too small or too many to be shown", suppressed)
    for name, metric in TABLES.items():
        if name in report.tables:
            yield from _table(report.tables[name], metric)


def _lines(report: Report) -> Iterator[Sample]:
    lines = report.lines
    yield {"result": "parsed", "reason": ""}, lines.parsed
    yield {"result": "blank", "reason": ""}, lines.blank
    for reason, n in sorted(lines.rejected.items()):
        yield {"result": "rejected", "reason": reason}, n


def _table(table: Table, what: str) -> Iterator[str]:
    rows = labels.rows_of(table)
    if table.name != "hours":
        others = [row for row in rows if labels.is_other(row)]
        rows = [row for row in rows if not labels.is_other(row)][:ROWS] + others
    for count, (metric, help_text) in COUNTS.items():
        samples = [(_row_labels(table, row), row[count]) for row in rows if row[count] is not None]
        if table.name != "bots" or count in {HITS, BYTES_SENT}:
            yield _metric(f"{what}_{metric}", f"{help_text}, by {what.replace('_', ' ')}", samples)


def _row_labels(table: Table, row: labels.Row) -> dict[str, str]:
    texts = {key: "" if row[key] is None else str(row[key]) for key in table.keys}
    if not any(texts.values()) or labels.is_other(row):
        texts[table.keys[0]] = labels.row_label(table, row)
    return texts


def _metric(name: str, help_text: str, samples: Iterable[Sample]) -> str:
    lines = [f"logstats_{name}{_braces(marks)} {_number(value)}\n" for marks, value in samples]
    if not lines:
        return ""
    head = f"# HELP logstats_{name} {help_text}.\n# TYPE logstats_{name} gauge\n"
    return head + "".join(lines)


def _braces(marks: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in marks.items())
    return f"{{{pairs}}}" if pairs else ""


def _escape(value: str) -> str:
    return labels.visible(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _start(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
