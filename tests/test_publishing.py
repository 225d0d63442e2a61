"""PRIVACY.md section 3: under `public` a period is published once, and none that overlaps it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from logstats.errors import OutputError, StoreError
from logstats.ledger import record_event, verify_ledger
from logstats.policy import load_policy
from logstats.publishing import PublishedBefore, published_once
from logstats.tables import Period, Report
from logstats.tally import Tally
from tests.conftest import Logstats
from tests.nights import Nights, day_lines

OWN = 'extends = "public"\nid = "own"\nversion = "1"\neffective = 2026-01-01\n'
FIRST, SECOND, THIRD = (date(2026, 2, day) for day in (1, 2, 3))
WWW, SHOP, ANY = frozenset(["www"]), frozenset(["shop"]), frozenset[str]()


def report(first: date, last: date, timezone: str = "UTC") -> Report:
    period = Period(first, last, (last - first).days + 1, timezone)
    return Report(datetime.now(UTC), period, load_policy("public").stamp(), Tally(), {}, {})


def publish(
    ledger: Path,
    first: date,
    last: date,
    *,
    zone: str = "UTC",
    sites: frozenset[str] = WWW,
    reason: str | None = None,
) -> None:
    with published_once(report(first, last, zone), ledger, sites, lambda: (), reason=reason):
        pass


def events(ledger: Path) -> list[tuple[str, dict[str, object]]]:
    told = [json.loads(line)["statement"]["predicate"] for line in ledger.read_text().splitlines()]
    return [(one["what"], one["details"]) for one in told if "what" in one]


@pytest.mark.parametrize(
    ("first", "last", "more", "shares"),
    [
        (FIRST, FIRST, {}, True),
        (FIRST, THIRD, {}, True),
        (SECOND, THIRD, {}, False),
        (FIRST, FIRST, {"sites": SHOP}, False),
        (FIRST, FIRST, {"sites": WWW | SHOP}, True),
        (FIRST, FIRST, {"sites": ANY}, True),
        (SECOND, THIRD, {"zone": "Asia/Tokyo"}, True),
        (THIRD, THIRD, {"zone": "Asia/Tokyo"}, False),
    ],
    ids=[
        "again", "longer", "the days after", "another site", "two sites", "of whom nobody says",
        "hours of a day in another zone", "two days after in another zone",
    ],
)  # fmt: skip
def test_a_period_that_shares_hours_with_a_published_one_is_refused(
    first: date, last: date, more: dict[str, object], shares: bool, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    publish(ledger, FIRST, FIRST)

    if shares:
        with pytest.raises(PublishedBefore, match=r"2026-02-01 to 2026-02-01 was published \(line 1\)"):
            publish(ledger, first, last, **more)  # type: ignore[arg-type]
    else:
        publish(ledger, first, last, **more)  # type: ignore[arg-type]

    assert len(events(ledger)) == (1 if shares else 2)


def test_a_site_that_nobody_named_may_be_any(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    publish(ledger, FIRST, FIRST, sites=ANY)

    with pytest.raises(PublishedBefore):
        publish(ledger, FIRST, FIRST, sites=SHOP)


def test_what_was_replaced_stays_published(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    publish(ledger, FIRST, SECOND)
    publish(ledger, SECOND, THIRD, reason="a log was missing")

    assert events(ledger)[1][1]["supersedes"] == [1]
    assert events(ledger)[1][1]["reason"] == "a log was missing"
    with pytest.raises(PublishedBefore, match="2026-02-01 to 2026-02-02"):
        publish(ledger, FIRST, FIRST)


def test_of_many_that_publish_at_once_one_does(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    def attempt(_: int) -> bool:
        try:
            publish(ledger, FIRST, FIRST)
        except PublishedBefore:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(attempt, range(24)))

    assert done.count(True) == 1
    assert verify_ledger(ledger) == []


def test_a_run_that_is_killed_counts_as_published(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    with pytest.raises(KeyboardInterrupt), published_once(report(FIRST, FIRST), ledger, WWW, lambda: ()):
        raise KeyboardInterrupt

    with pytest.raises(PublishedBefore):
        publish(ledger, FIRST, FIRST)


@pytest.mark.parametrize("partly", [False, True], ids=["nothing is written", "something is written"])
def test_outputs_that_could_not_be_written_are_not_published(partly: bool, tmp_path: Path) -> None:
    ledger, page = tmp_path / "ledger.jsonl", tmp_path / "page.html"

    def write() -> None:
        with published_once(report(FIRST, FIRST), ledger, WWW, lambda: tuple(tmp_path.glob("*.html"))):
            if partly:
                page.write_text("x")
            raise OutputError("disk is full")

    with pytest.raises(OutputError, match="disk"):
        write()

    if partly:
        with pytest.raises(PublishedBefore):
            publish(ledger, FIRST, FIRST)
    else:
        publish(ledger, FIRST, FIRST)


@pytest.mark.parametrize("broken", ["x\n", '{"statement": {}}\n', None], ids=["text", "no event", "no dates"])
def test_a_ledger_that_cannot_be_read_publishes_nothing(broken: str | None, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    if broken is None:
        record_event(ledger, "published", "a period", {"first": "yesterday"})
    else:
        ledger.write_text(broken)

    with pytest.raises(StoreError, match=r"(?:line 1|last line) of the ledger"):
        publish(ledger, FIRST, FIRST)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two days with 60 visitors each, and a policy beside it."""
    (tmp_path / "own.toml").write_text(OWN)
    log = tmp_path / "access.log"
    log.write_bytes(day_lines(FIRST, 300, 60) + day_lines(SECOND, 300, 60))
    return log


ONCE = ("--policy", "own.toml", "--ledger", "ledger.jsonl", "-o", "r.json")


def test_a_second_report_is_refused_and_the_first_stays(
    log: Path, logstats: Logstats, tmp_path: Path
) -> None:
    assert logstats("report", log, *ONCE).returncode == 0
    published = (tmp_path / "r.json").read_bytes()

    again = logstats("report", log, *ONCE)
    part = logstats("report", log, *ONCE, "--since", "2026-02-02")

    assert (again.returncode, part.returncode) == (1, 1)
    assert b"ledger.jsonl: 2026-02-01 to 2026-02-02 was published (line 1)" in again.stderr
    assert b"hint: `--supersede REASON`" in again.stderr
    assert (tmp_path / "r.json").read_bytes() == published


def test_a_reason_replaces_it_and_stands_in_the_ledger(log: Path, logstats: Logstats, tmp_path: Path) -> None:
    logstats("report", log, *ONCE)

    done = logstats("report", log, *ONCE, "--supersede", "two logs were missing")

    assert done.returncode == 0
    told = events(tmp_path / "ledger.jsonl")[1][1]
    assert (told["supersedes"], told["reason"]) == ([1], "two logs were missing")
    assert verify_ledger(tmp_path / "ledger.jsonl", [tmp_path / "r.json"]) == []
    # The report proves the line that tells of its publication.
    assert json.loads((tmp_path / "r.json").read_text())["ledger"]["line"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--policy", "own.toml", "-o", "r.json"), b"policy own: disclosure.publish_once: name the ledger"),
        ((*ONCE, "--compare"), b"disclosure.publish_once: --compare publishes the period before again"),
        ((*ONCE, "--supersede", " "), b"--supersede needs a reason"),
        ((*ONCE, "--supersede", "a\nb"), b"--supersede needs a reason"),
        (("--supersede", "x", "-o", "r.json"), b"policy default lets a report be repeated"),
    ],
    ids=["no ledger", "compared", "no reason", "two lines", "a policy that repeats"],
)
def test_what_cannot_be_published_is_said_before_a_log_is_read(
    words: tuple[str, ...], said: bytes, log: Path, logstats: Logstats, tmp_path: Path
) -> None:
    done = logstats("report", "missing.log", *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "ledger.jsonl").exists()


def test_a_report_on_the_terminal_is_not_published(log: Path, logstats: Logstats, tmp_path: Path) -> None:
    for _ in range(2):
        assert logstats("report", log, "--policy", "own.toml").returncode == 0


NIGHTLY = (
    'store = "store"\npolicy = "own.toml"\n{top}[[site]]\nname = "www"\nlogs = ["access.log*"]\n'
    '[[site.report]]\nperiod = "day"\noutputs = ["{{day}}.json"]\n{report}'
)


def test_what_nightly_published_is_not_published_from_its_store(log: Path, logstats: Logstats) -> None:
    nights = Nights(log.parent)
    (nights.home / "nightly.toml").write_text(NIGHTLY.format(top="", report=""))
    assert logstats("nightly", "nightly.toml", "--now", "2026-02-03T03:00").returncode == 0

    words = ("report", "--store", "store", "--policy", "own.toml", "-o", "r.json")
    month, day = logstats(*words, "--period", "2026-02"), logstats(*words, "--period", "2026-02-02")

    assert (month.returncode, day.returncode) == (1, 1)
    assert b"2026-02-01 to 2026-02-01 was published" in month.stderr
    assert len(events(nights.store / "ledger.jsonl")) == 2


def test_nightly_says_when_a_period_cannot_be_published(log: Path, logstats: Logstats) -> None:
    """As when the period was a day and becomes a week."""
    nights = Nights(log.parent)
    (nights.home / "nightly.toml").write_text(NIGHTLY.format(top="", report=""))
    logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")
    (nights.home / "nightly.toml").write_text(
        NIGHTLY.format(top="", report="").replace("{day}", "again-{day}")
    )
    log.write_bytes(log.read_bytes() + day_lines(FIRST, 5))

    done = logstats("nightly", "nightly.toml", "--now", "2026-02-03T03:00")

    assert done.returncode == 1
    assert done.stderr.count(b"www: store/ledger.jsonl: 2026-02-01 to 2026-02-01 was published") == 1
    assert not (nights.home / "again-2026-02-01.json").exists()
    assert (nights.home / "again-2026-02-02.json").exists()
    assert verify_ledger(nights.store / "ledger.jsonl", [nights.home / "again-2026-02-02.json"]) == []


@pytest.mark.parametrize(
    ("top", "more", "said"),
    [
        ("ledger = false\n", "", b"nightly.toml: ledger: policy own publishes each day once"),
        (
            "",
            "compare = true\n",
            b"nightly.toml: site[1].report[1].compare: policy own publishes each day once",
        ),
    ],
    ids=["no ledger", "compared"],
)
def test_nightly_publishes_nothing_without_a_memory(
    top: str, more: str, said: bytes, log: Path, logstats: Logstats
) -> None:
    (log.parent / "nightly.toml").write_text(NIGHTLY.format(top=top, report=more))

    done = logstats("nightly", "nightly.toml")

    assert done.returncode == 2
    assert said in done.stderr
