"""On real logs every line is accounted for, and hits and bytes are those of an independent count."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logstats import schema
from logstats.jobs import Logs
from logstats.pipeline import Rules, count_logs
from logstats.policy import load_policy
from logstats.summaries import validate_summary
from tests.hits import TABLES

# Log -> how many of its lines are no log lines: comments, and lines that a mail program has wrapped.
REJECTED = {
    "advertools/combined_no_errors.log": 0,
    "advertools/dreamhost_apache_access.log": 0,
    "advertools/nginx_access.log": 0,
    "attack-scanners-ocatak/acunetix.txt": 0,
    "attack-scanners-ocatak/w3af.txt": 0,
    "awstats/testglobal.log": 28,
    "awstats/testsmall.log": 0,
    "elastic-examples/apache_logs": 0,
    "express-morgan/access.log": 0,
    "heffalump/NASA_access_log.txt": 0,
    "heffalump/access.log": 0,
    "lnav/logfile_access_log.0": 0,
    "lnav/logfile_access_log.1": 0,
    "lnav/logfile_regexp_access_log.0": 0,
    "matomo/common.log": 0,
    "matomo/ncsa_extended.log": 0,
    "nasa/NASA_access_log_Aug95": 45,
    "netnea-apache-labor/labor-06_access_10000.log": 0,
    "nginx-misc/nginx_logs": 0,
    "nielsbasjes-hackers/hackers-access.log": 0,
    "request-log-analyzer/apache_combined.log": 0,
    "request-log-analyzer/apache_common.log": 0,
    "spark-log-analyzer/access_log": 0,
}
TIME = re.compile(rb'^\S.*\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "')
ANSWER = re.compile(rb'" (\d{3}|-) (\d+|-)(?: |\r?$)')


def count_by_hand(data: bytes) -> tuple[int, int, int, int]:
    """Return lines, blank lines, hits and bytes: a hit has a time, and after a quote mark status and bytes."""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    blank = sum(not line.strip() for line in lines)
    answers = [ANSWER.search(line) for line in lines if TIME.search(line)]
    sent = [int(answer[2]) for answer in answers if answer and answer[2] != b"-"]
    return len(lines), blank, sum(answer is not None for answer in answers), sum(sent)


@pytest.mark.parametrize("log", REJECTED)
def test_hits_and_bytes_of_a_real_log_are_those_of_a_count_by_hand(log: str, corpus: Path) -> None:
    path = corpus / "real" / log
    counted = count_logs(Logs((str(path),)), Rules(load_policy("default")))
    days = counted.days.close(()).days
    lines, blank, hits, sent = count_by_hand(path.read_bytes())

    assert counted.lines.balances()
    assert (counted.lines.read, counted.lines.blank) == (lines, blank)
    assert counted.lines.rejected.total() == REJECTED[log]
    assert days[schema.HITS].sum() == counted.lines.parsed == hits
    assert days[schema.BYTES_SENT].sum() == sent


def test_all_tables_of_a_real_log_add_up(corpus: Path) -> None:
    path = corpus / "real" / "elastic-examples" / "apache_logs"
    counted = count_logs(Logs((str(path),)), Rules(load_policy("default")))
    summary = counted.days.close(TABLES)

    validate_summary(summary)
    assert summary.tables["statuses"][schema.HITS].sum() == 10_000


def test_several_logs_of_different_formats_add_up(corpus: Path) -> None:
    logs = [log for log, rejected in REJECTED.items() if not rejected][:12]
    names = tuple(str(corpus / "real" / log) for log in logs)
    counted = count_logs(Logs(names), Rules(load_policy("default")))

    assert counted.lines.balances()
    assert counted.lines.parsed == sum(count_by_hand(Path(name).read_bytes())[2] for name in names)
