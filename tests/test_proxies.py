"""The client behind a proxy: nobody but a trusted proxy may say who asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from logstats import formats
from logstats.batches import CLIENT
from logstats.cli import cli
from logstats.errors import UsageError
from logstats.parse import batch_of_hits, parse_block
from logstats.proxies import Proxies
from logstats.store import open_store
from tests.conftest import Logstats
from tests.nights import dump_days, totals

OURS = Proxies(("192.0.2.0/24", "2001:db8::/32", "unix:"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("192.0.2.1", "203.0.113.9", "203.0.113.9"),
        ("192.0.2.1", "1.2.3.4, 203.0.113.9, 192.0.2.7", "203.0.113.9"),
        ("::ffff:192.0.2.1", "203.0.113.9:443", "203.0.113.9:443"),
        ("2001:db8::1", "[2001:db8:500::9]:80", "[2001:db8:500::9]:80"),
        ("unix:", "203.0.113.9", "203.0.113.9"),
        ("192.0.2.1", "192.0.2.3, 192.0.2.2", "192.0.2.3"),
        ("192.0.2.1", "203.0.113.9, unknown, 192.0.2.2", "192.0.2.2"),
        ("192.0.2.1", "-", "192.0.2.1"),
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", None, "192.0.2.1"),
        ("UNKNOWN", "203.0.113.9", "UNKNOWN"),
        (None, "1.2.3.4, 203.0.113.9, 192.0.2.1", "203.0.113.9"),
        (None, None, None),
    ],
    ids=str,
)
def test_the_client_is_the_right_most_address_that_is_no_proxy_of_ours(
    peer: str | None, forwarded: str | None, client: str | None
) -> None:
    assert OURS.client(peer, forwarded) == client


@given(st.text(), st.sampled_from(["198.51.100.7", "2001:db8:500::1"]))
def test_whatever_a_client_says_of_itself_changes_nothing(said: str, client: str) -> None:
    assert OURS.client(client, said) == client
    assert OURS.client("192.0.2.1", f"{said}, {client}, 192.0.2.9") == client


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(UsageError, match=r"network such as"):
        Proxies(("192.0.2.1/24",))


LINE = '{} - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x" "{}"\n'
PAIRS = [
    ("192.0.2.1", "203.0.113.9"),
    ("198.51.100.7", "203.0.113.9"),
    ("192.0.2.1", "-"),
    ("192.0.2.1", "1.2.3.4, 203.0.113.10"),
]
CLIENTS = ["203.0.113.9", "198.51.100.7", "192.0.2.1", "203.0.113.10"]


def hosts_of(lines: str, proxies: Proxies | None) -> list[str]:
    format_ = formats.preset("combined_forwarded")
    parsed = parse_block(lines.encode(), (format_,), proxies=proxies)
    batches = [parsed.batch] if parsed.batch is not None else []
    batches += [batch_of_hits(parsed.odd_hits, format_)] if parsed.odd_hits else []
    return [
        host
        for batch in batches
        for host in batch.values[CLIENT]["host"].gather(batch.hits[CLIENT]).to_list()
    ]


def test_both_parsers_find_the_client() -> None:
    fast = "".join(LINE.format(*pair) for pair in PAIRS)

    assert hosts_of(fast, OURS) == CLIENTS
    assert hosts_of(fast.replace('"x"', r'"\x41"'), OURS) == CLIENTS


def test_without_trust_the_one_who_connected_counts() -> None:
    assert hosts_of("".join(LINE.format(*pair) for pair in PAIRS), None) == [peer for peer, _ in PAIRS]


def test_visitors_behind_a_proxy_are_told_apart(tmp_path: Path) -> None:
    log, target = tmp_path / "access.log", tmp_path / "report.json"
    browser = LINE.replace('"x"', '"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"')
    log.write_text("".join(browser.format("192.0.2.1", f"203.0.113.{number}") for number in range(40)))

    for args, visitors in ((["--trusted-proxy", "192.0.2.1"], 40), ([], None)):
        ended = CliRunner().invoke(cli, ["report", str(log), "-o", str(target), *args])
        assert ended.exit_code == 0, ended.output
        totals = json.loads(target.read_text())["totals"]
        assert totals["visitors"] == visitors


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
BEHIND = "".join(
    LINE.replace('"x"', f'"{FIREFOX}"').format("192.0.2.1", f"203.0.113.{number}") for number in range(40)
)


def stored_visitors(store: Path) -> int:
    with open_store(store) as opened:
        [day] = dump_days(opened)
    return totals(day)["visitors"]


@pytest.mark.parametrize(
    ("args", "visitors"), [((), 1), (("--trusted-proxy", "192.0.2.1"), 40)], ids=["nobody", "proxy"]
)
def test_collect_stores_the_visitors_behind_a_proxy(
    tmp_path: Path, logstats: Logstats, args: tuple[str, ...], visitors: int
) -> None:
    (tmp_path / "access.log").write_text(BEHIND)
    done = logstats("collect", "access.log", "--store", "store", "--now", "2026-02-02T03:00", "-q", *args)

    assert (done.returncode, done.stderr) == (0, b"")
    assert stored_visitors(tmp_path / "store") == visitors


@pytest.mark.parametrize(
    ("top", "site", "visitors"),
    [
        ("", "", 1),
        ('trusted_proxies = ["192.0.2.0/24"]', "", 40),
        ("", 'trusted_proxies = ["192.0.2.0/24"]', 40),
        ('trusted_proxies = ["192.0.2.0/24"]', "trusted_proxies = []", 1),
    ],
    ids=["nobody", "all sites", "a site", "a site trusts nobody"],
)
def test_a_night_stores_the_visitors_behind_a_proxy(
    tmp_path: Path, logstats: Logstats, top: str, site: str, visitors: int
) -> None:
    (tmp_path / "access.log").write_text(BEHIND)
    config = f'store = "store"\n{top}\n[[site]]\nname = "www"\nlogs = ["access.log"]\n{site}\n'
    (tmp_path / "nightly.toml").write_text(config)
    done = logstats("nightly", "nightly.toml", "--now", "2026-02-02T03:00")

    assert (done.returncode, done.stderr) == (0, b"")
    assert stored_visitors(tmp_path / "store") == visitors


def test_a_proxy_that_is_none_is_refused_with_its_key(tmp_path: Path, logstats: Logstats) -> None:
    config = 'store = "s"\ntrusted_proxies = ["192.0.2.7/24"]\n[[site]]\nname = "w"\nlogs = ["a"]\n'
    (tmp_path / "nightly.toml").write_text(config)
    done = logstats("nightly", "--check", "nightly.toml")

    assert done.returncode == 2
    assert done.stderr.startswith(b"logstats: nightly.toml: trusted_proxies: a trusted proxy is a network")
