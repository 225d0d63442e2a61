"""Reports as `disclose` makes them: big, small, empty, withheld and hostile."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from logstats.schema import COUNTS, TABLE_KEYS, TIMES
from logstats.tables import OTHER, Column, Period, Report, Section, Suppressed, Table
from logstats.tally import Tally

TYPES: dict[str, tuple[str, Any]] = {
    "day": ("date", pl.Date),
    "hour": ("integer", pl.Int64),
    "span_hours": ("integer", pl.Int64),
    "weekday": ("integer", pl.Int64),
    "status": ("integer", pl.Int64),
}
UNITS = {"hits": "hits", "bot_hits": "hits", "visitors": "visitors", "bytes_sent": "bytes"}
SECTIONS = {
    "days": Section.INTEREST,
    "pages": Section.INTEREST,
    "static_files": Section.INTEREST,
    "referrers": Section.INTEREST,
    "countries": Section.INTEREST,
    "networks": Section.INTEREST,
    "vhosts": Section.INTEREST,
    "browsers": Section.DESIGN,
    "systems": Section.DESIGN,
    "devices": Section.DESIGN,
    "methods": Section.DESIGN,
    "protocols": Section.DESIGN,
    "bots": Section.DESIGN,
}
TITLES = {
    "days": "Days",
    "hours": "Hours of the day",
    "weekday_hours": "Weekdays and hours",
    "pages": "Pages",
    "static_files": "Files",
    "errors": "Errors",
    "statuses": "Statuses",
    "methods": "Methods",
    "protocols": "Protocols",
    "referrers": "Referring sites",
    "browsers": "Browsers",
    "systems": "Operating systems",
    "devices": "Devices",
    "bots": "Bots",
    "countries": "Countries",
    "networks": "Networks",
    "vhosts": "Virtual hosts",
    "cache": "Cache",
    "tls": "Encryption",
    "durations": "Durations",
}
POLICY: dict[str, Any] = {
    "id": "default",
    "version": "1.0",
    "effective": date(2026, 11, 1),
    "digest": "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
    "title": "Default",
    "marking": None,
    "k": 10,
    "top": 100,
    "dominance_percent": 90,
    "other_min_groups": 2,
    "anonymize_mode": "truncate",
    "ipv4_bits": 16,
    "ipv6_bits": 32,
}
HOSTILE = (
    "<script>alert(1)</script>",
    "</td></tr></table></main><h1>x",
    '"><img src=https://example.org/x onerror=alert(1)>',
    "&lt;b&gt;&#x3c;i&#x3e;&amp;",
    "=HYPERLINK(1)",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\\x1b[31mred\\x07",
    "[bold red]markup[/] :smile: [link=x]y[/link]",
    "/a|b`c*d_e~f#g<!--h-->",
    "/\u05e2\u05d1\u05e8\u05d9\u05ea/\u0639\u0631\u0628\u064a",
    "/\u65e5\u672c\u8a9e/\u30da\u30fc\u30b8/e\u0301/\U0001f600",
    "/" + "a" * 4000,
    "/very/" + "/".join(["longish-segment"] * 20),
    'quote"comma,semi;newline-free',
    "{{ 7 * 7 }} {% raw %}",
    "' OR 1=1 --",
)


def make_table(
    name: str,
    rows: Sequence[dict[str, Any]],
    *,
    suppressed: Suppressed | None = None,
    extra: Sequence[Column] = (),
) -> Table:
    """Return a table with typed columns from plain rows."""
    keys = TABLE_KEYS[name]
    columns = [Column(key, None, TYPES.get(key, ("string", None))[0]) for key in keys]
    columns += [Column(count, UNITS[count], "integer") for count in COUNTS] + list(extra)
    dtypes = {key: TYPES.get(key, ("string", pl.String))[1] for key in keys}
    dtypes |= dict.fromkeys(COUNTS, pl.Int64)
    dtypes |= {c.name: pl.Float64 if c.type == "number" else pl.Int64 for c in extra}
    return Table(
        name=name,
        title=TITLES[name],
        section=SECTIONS.get(name, Section.PERFORMANCE),
        keys=keys,
        columns=tuple(columns),
        rows=pl.DataFrame(list(rows), schema=dtypes, orient="row"),
        suppressed=suppressed,
    )


def make_report(tables: Sequence[Table], **changes: Any) -> Report:
    """Return a report of these tables; `changes` replace its other fields."""
    report = Report(
        generated=datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC),
        period=Period(date(2026, 10, 1), date(2026, 10, 31), 31, "UTC"),
        policy=dict(POLICY),
        lines=Tally(1_050_010, 1_050_000, 4, 0, Counter(no_format=4, too_long=1, bad_time=1)),
        totals={
            "hits": 1_050_000,
            "bot_hits": 210_000,
            "visitors": 84_210,
            "bytes_sent": 51_234_567_890,
            "pages": 420_000,
            "client_errors": 31_000,
            "server_errors": 420,
        },
        tables={table.name: table for table in tables},
        site="www.example.org",
        replaced={"email": 12, "ip": 3, "id": 40_211},
    )
    return replace(report, **changes)


def _counts(random_: random.Random, hits: int) -> dict[str, int]:
    bot_hits = int(hits * random_.uniform(0.02, 0.3))
    return {
        "hits": hits,
        "bot_hits": bot_hits,
        "visitors": max(10, int((hits - bot_hits) * random_.uniform(0.1, 0.4))),
        "bytes_sent": hits * random_.randint(400, 90_000),
    }


def _ranked(
    name: str,
    keys: Sequence[dict[str, Any]],
    *,
    other: bool = True,
    suppressed: Suppressed | None = None,
    start: int = 90_000,
    extra: Callable[[int], dict[str, Any]] = lambda _: {},
    extra_columns: Sequence[Column] = (),
) -> Table:
    random_ = random.Random(name)
    rows = [
        {**key, **_counts(random_, max(12, int(start / (i + 1) ** 1.1))), **extra(i)}
        for i, key in enumerate(keys)
    ]
    if other:
        first = next((k for k in TABLE_KEYS[name] if TYPES.get(k, ("string",))[0] == "string"), None)
        blank: dict[str, Any] = dict.fromkeys(TABLE_KEYS[name])
        if first is not None:
            blank[first] = OTHER
        rows.append({**blank, **_counts(random_, max(20, start // 7)), **extra(9)})
    return make_table(name, rows, suppressed=suppressed, extra=extra_columns)


FOLDED = Suppressed(31, "groups of under 10 visitors are in (other), with others that hide them")
PAGES = ("/", "/about", "/services/permits", "/news/2026/10/budget-hearing", "/contact", "/login")
BROWSERS = ("Chrome", "Safari", "Firefox", "Edge", "Samsung Internet", "Opera")
SYSTEMS = ("Windows", "iOS", "Android", "Mac OS X", "Linux", "Chrome OS")
STATUSES = (200, 304, 404, 301, 403, 206, 500, 400, 503)
COUNTRIES = ("US", "CA", "DE", "GB", "FR", "MX", "BR", "IN", "JP", "CN", "ES", "SE")
REFERRERS = ("(none)", "(internal)", "example.com", "example.net", "search.example", "example.org")
CIPHERS = ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_256_GCM_SHA384")
BOTS = ("Googlebot", "bingbot", "curl", "GPTBot", "AhrefsBot", "UptimeRobot", "Python Requests")


def _day_table(first: date, days: int) -> Table:
    random_ = random.Random("days")
    rows = []
    for i in range(days):
        day = first + timedelta(days=i)
        weekend = 0.45 if day.isoweekday() >= 6 else 1.0
        hits = int(38_000 * weekend * random_.uniform(0.8, 1.2) * (2.2 if i == 13 else 1))
        rows.append({"day": day, **_counts(random_, hits)})
    return make_table("days", rows)


def _hour_rows(scale: float) -> list[dict[str, Any]]:
    random_ = random.Random(scale)
    shape = (3, 2, 1, 1, 1, 2, 4, 8, 14, 18, 19, 17, 15, 18, 19, 17, 14, 11, 10, 10, 9, 8, 6, 4)
    return [
        {"hour": h, "span_hours": 1, **_counts(random_, int(v * scale * random_.uniform(0.9, 1.1)))}
        for h, v in enumerate(shape)
    ]


def _weekday_rows() -> list[dict[str, Any]]:
    return [
        {"weekday": weekday, **row}
        for weekday in range(1, 8)
        for row in _hour_rows(650 if weekday < 6 else 260)
    ]


def _duration(rank: int) -> dict[str, Any]:
    p50 = 12_000 + 7_919 * (rank % 17)
    return {"p50_us": p50, "p90_us": p50 * 3, "p95_us": p50 * 4, "p99_us": p50 * 11, "max_us": p50 * 12}


DURATION_COLUMNS = tuple(Column(name, "us", "integer") for name in TIMES)


def big_report(rows: int = 100) -> Report:
    """Return a month of a public body's site: 20 tables, some of 100 rows."""
    numbered = [f"/documents/{i:03}/{'annual-report-' * (i % 4)}summary.html" for i in range(rows)]
    pages = [{"path": p} for p in (*PAGES, *numbered)][:rows]
    files = [{"path": f"/static/{'css' if i % 2 else 'images'}/{i}.png"} for i in range(rows)]
    versions = [
        {"browser": BROWSERS[i % 6], "browser_version": None if i == 4 else str(130 - i)}
        for i in range(min(rows, 24))
    ]
    systems = [{"system": SYSTEMS[i % 6], "system_version": str(18 - i // 2)} for i in range(min(rows, 14))]
    errors = [{"status": (404, 403, 500)[i % 3], "path": f"/old/page-{i}.php"} for i in range(rows)]
    return make_report(
        [
            _day_table(date(2026, 10, 1), 31),
            _ranked("pages", pages, suppressed=FOLDED),
            _ranked("static_files", files),
            _ranked("referrers", [{"referrer": r} for r in REFERRERS], suppressed=FOLDED),
            _ranked("countries", [{"country": c} for c in COUNTRIES]),
            _ranked("networks", [{"network": f"198.{51 + i}.0.0/16"} for i in range(8)]),
            _ranked("vhosts", [{"vhost": "www.example.org"}, {"vhost": "example.org"}]),
            _ranked("browsers", versions, suppressed=FOLDED),
            _ranked("systems", systems),
            _ranked("devices", [{"device": d} for d in ("desktop", "phone", "tablet")]),
            _ranked("cache", [{"cache_status": word} for word in ("HIT", "MISS", "EXPIRED", "(none)")]),
            _ranked("tls", [{"tls_protocol": f"TLSv1.{n}", "tls_cipher": CIPHERS[n - 2]} for n in (3, 2)]),
            _ranked("methods", [{"method": m} for m in ("GET", "HEAD", "POST")]),
            _ranked("protocols", [{"protocol": p} for p in ("HTTP/2.0", "HTTP/1.1", "HTTP/1.0")]),
            _ranked("bots", [{"bot": b} for b in BOTS], start=40_000),
            make_table("hours", _hour_rows(4_000)),
            make_table("weekday_hours", _weekday_rows()),
            _ranked("statuses", [{"status": s} for s in STATUSES], other=False, start=800_000),
            _ranked("errors", errors, suppressed=FOLDED, start=9_000),
            _ranked(
                "durations",
                pages[:20],
                extra=_duration,
                extra_columns=DURATION_COLUMNS,
                start=60_000,
            ),
        ]
    )


def small_report() -> Report:
    """Return a site with 30 visitors: coarse hours, a withheld count, two tables suppressed."""
    day = date(2026, 10, 1)
    counts = {"hits": 212, "bot_hits": 40, "visitors": 30, "bytes_sent": 1_203_400}
    return make_report(
        [
            make_table("days", [{"day": day, **counts}]),
            make_table(
                "pages",
                [
                    {"path": "/", "hits": 120, "bot_hits": 20, "visitors": 24, "bytes_sent": 9_000},
                    {
                        "path": "/about",
                        "hits": None,
                        "bot_hits": None,
                        "visitors": 11,
                        "bytes_sent": None,
                    },
                    {"path": OTHER, "hits": 60, "bot_hits": 9, "visitors": 12, "bytes_sent": 90},
                ],
                suppressed=Suppressed(7, FOLDED.reason),
            ),
            make_table(
                "referrers", [], suppressed=Suppressed(4, "too few visitors to hide the groups of under 10")
            ),
            make_table(
                "browsers",
                [{"browser": "Firefox", "browser_version": "140", **counts}],
            ),
            make_table("hours", [{"hour": 0, "span_hours": 24, **counts}]),
            make_table(
                "weekday_hours",
                [],
                suppressed=Suppressed(0, "no span of hours has 10 visitors in each bin"),
            ),
            make_table("statuses", [{"status": 200, **counts}]),
        ],
        period=Period(day, day, 1, "Europe/Berlin"),
        lines=Tally(212, 212, 0, 0),
        totals={**counts, "pages": 150, "client_errors": None, "server_errors": 0},
        replaced={},
        site=None,
    )


def internal_report() -> Report:
    """Return a report that is not disclosure controlled and says so."""
    policy = {**POLICY, "id": "internal", "k": 1, "marking": "INTERNAL - not disclosure controlled"}
    return replace(small_report(), policy=policy)


def empty_report() -> Report:
    """Return the report of a log without a hit."""
    return make_report(
        [],
        period=Period(None, None, 0, "UTC"),
        lines=Tally(),
        totals=dict.fromkeys(
            (*COUNTS, "pages", "client_errors", "server_errors"),
            0,
        ),
        replaced={},
        site=None,
    )


def withheld_report() -> Report:
    """Return the report of a period with fewer than k visitors: no tables, one sentence."""
    return make_report(
        [],
        period=Period(date(2026, 10, 1), date(2026, 10, 1), 1, "UTC"),
        lines=Tally(20, 20, 0, 0),
        totals=dict.fromkeys((*COUNTS, "pages", "client_errors", "server_errors")),
        notes=("Fewer than 10 visitors on each day of the period: nothing of it is shown",),
        replaced={},
    )


def hostile_report() -> Report:
    """Return a report whose every text is an attack on some output."""
    return make_report(
        [
            _ranked("pages", [{"path": text} for text in HOSTILE]),
            _ranked("referrers", [{"referrer": text} for text in HOSTILE]),
            _ranked(
                "browsers",
                [{"browser": text, "browser_version": text} for text in HOSTILE],
            ),
            _ranked("vhosts", [{"vhost": text} for text in HOSTILE]),
            _ranked("errors", [{"status": 404, "path": text} for text in HOSTILE]),
        ],
        site="</title><script>alert(2)</script>",
    )


ALL: dict[str, Callable[[], Report]] = {
    "big": big_report,
    "small": small_report,
    "empty": empty_report,
    "withheld": withheld_report,
    "hostile": hostile_report,
    "internal": internal_report,
}
