"""The demo log is what its generator writes, and shows what it is meant to show."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections import Counter

import pytest

from tests.corpus import ROOT

DEMO = ROOT / "fixtures" / "demo"


@pytest.fixture(scope="module")
def log() -> str:
    return gzip.decompress((DEMO / "access.log.gz").read_bytes()).decode()


def test_the_demo_log_is_what_its_generator_writes(log: str) -> None:
    script = DEMO / "make_demo_log.py"
    made = subprocess.run([sys.executable, script, "-"], capture_output=True, check=True)

    assert made.stdout == log.encode()


def test_the_demo_log_is_small_enough_for_the_repository() -> None:
    assert (DEMO / "access.log.gz").stat().st_size <= 500_000


def test_the_demo_log_covers_seven_days_with_hundreds_of_clients_each(log: str) -> None:
    clients: dict[str, set[str]] = {}
    for line in filter(None, log.splitlines()):
        clients.setdefault(line.split("[")[1][:11], set()).add(line.split(" ")[0])

    assert len(clients) == 7
    assert min(map(len, clients.values())) > 300


@pytest.mark.parametrize(
    "text",
    ["anna.berg@example.org", "4111111111111111", "/account/reset/", " 500 ", "\\x16\\x03", "Googlebot"],
)
def test_the_demo_log_holds_what_a_report_must_deal_with(log: str, text: str) -> None:
    assert text in log


def test_most_lines_of_the_demo_log_are_answered_well(log: str) -> None:
    statuses = Counter(line.split('" ')[1][0] for line in log.splitlines() if '" ' in line)

    assert statuses["2"] > statuses["3"] > statuses["4"] > statuses["5"] > 0
