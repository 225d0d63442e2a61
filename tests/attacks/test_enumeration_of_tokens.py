"""Somebody who knows every address tries them all against the tokens of an anonymized log."""

from __future__ import annotations

import re
import secrets
from datetime import date

import polars as pl

from logstats.keys import keyed_tokens
from logstats.policy import load_policy
from logstats.redact import KEYED, LineMasks

NETWORK = pl.Series([f"203.0.{third}.{fourth}" for third in range(256) for fourth in range(256)])
LINE = '203.0.113.{} - - [{:02}/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
TOKEN = re.compile(rb"tok_[a-z2-7]{13}")


def _tokens(logstats, lines: str, *options: str) -> list[bytes]:
    done = logstats("anonymize", "-", "--address", "keyed", *options, input=lines.encode())
    assert done.returncode == 0
    return [found for line in done.stdout.splitlines() for found in TOKEN.findall(line)]


def test_no_address_of_a_network_gives_a_token_without_its_key(logstats) -> None:
    seen = set(_tokens(logstats, "".join(LINE.format(host, 1) for host in range(1, 60))))

    guessed = keyed_tokens(NETWORK, secrets.token_bytes(32), "")

    assert len(seen) == 59
    assert not seen & {token.encode() for token in guessed.to_list()}


def test_two_days_share_no_token_and_one_day_shares_all(logstats) -> None:
    first, second, again = _tokens(logstats, LINE.format(7, 1) + LINE.format(7, 2) + LINE.format(7, 1))

    assert first == again
    assert first != second


def test_two_sites_share_no_token_though_they_share_a_key() -> None:
    policy, key = load_policy("default"), secrets.token_bytes(32)
    sites = [LineMasks(policy, KEYED, (16, 32), lambda _: key, site=site) for site in ("www", "shop")]
    days = pl.repeat(date(2026, 2, 1), len(NETWORK), dtype=pl.Date, eager=True)

    tokens = [set(masks.mask_hosts(NETWORK, days).to_list()) for masks in sites]

    assert [len(found) for found in tokens] == [65536, 65536]
    assert tokens[0].isdisjoint(tokens[1])
