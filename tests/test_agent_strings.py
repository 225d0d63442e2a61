"""Agent strings in anonymized logs: byte for byte, but for addresses and e-mail addresses."""

from __future__ import annotations

import ipaddress
import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.pii.agent_strings import mask_agent, mask_agents
from tests.conftest import Logstats

KEPT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/121.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US; rv:1.9.0.1) Gecko/2008070208 Firefox/3.0.0.1",
    "Debian APT-HTTP/1.3 (0.8.16.5)",
    "Foo/1.2.3.4.5 OPR/66.0.0.1 Android 4.4.2.1",
    "Whale/1.3.50.3 Vivaldi/1.0.162.9 Chrome/4.0.222.12 HeyTapBrowser/45.13.4.1 OPR/14.0.123.123",
    "curl/8.5.0",
    "Mozilla/5.0 (Linux; Android 10; 12:30:45)",
    "-",
    "",
)
MASKED = {
    "probe 1 (203.0.113.9)": "probe 1 ({ip})",
    "x; ip=203.0.113.9; y 2001:db8::7": "x; ip={ip}; y {ip}",
    "bot/203.0.113.9": "bot/{ip}",
    "probe/192.0.2.7": "probe/{ip}",
    "probe/45.5.88.77": "probe/{ip}",
    "probe/77.4.2.1": "probe/{ip}",
    "probe/92.14.88.7 rv:77.31.250.4": "probe/{ip} rv:{ip}",
    "[2001:db8::7] ::ffff:192.0.2.1": "[{ip}] {ip}",
    "Crawler/1.0 (+mailto:jo@example.org)": "Crawler/1.0 (+mailto:{email})",
    "Crawler (jo.doe+x%40example.co.uk)": "Crawler ({email})",
    "Crawler (jo [at] example.org; jo[at]example[dot]org)": "Crawler ({email}; {email})",
    "Crawler jo(at)example.org": "Crawler {email}",
    "Crawler jo [at) example (dot) org": "Crawler {email}",
    "Crawler jo (at] example.org 192.0.2.7": "Crawler {email} {ip}",
}


@pytest.mark.parametrize("agent", KEPT)
def test_a_version_stays_byte_for_byte(agent: str) -> None:
    assert mask_agents(pl.Series([agent])).to_list() == [agent]


@pytest.mark.parametrize(("agent", "masked"), MASKED.items(), ids=lambda text: text[:20])
def test_an_address_or_mail_address_is_replaced(agent: str, masked: str) -> None:
    assert mask_agents(pl.Series([agent])).to_list() == [masked]


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.from_regex(r"[a-z/ (]{0,3}[0-9.:]{5,16}[@a-z). ]{0,9}")
)
def test_the_cheap_look_misses_nothing(agent: str) -> None:
    """Nulls stay, and the order stays."""
    assert mask_agents(pl.Series([None, agent], dtype=pl.String)).to_list() == [None, mask_agent(agent)]


@given(st.from_regex(r"[a-z/ (]{0,3}[0-9.:]{5,16}[@a-z). ]{0,9}"))
def test_masking_twice_changes_nothing(agent: str) -> None:
    once = mask_agent(agent)

    assert mask_agent(once) == once


def products(corpus: Path) -> set[tuple[str, str]]:
    """Names with four numbers behind them that could be an address, in lists of real agents."""
    lists = (corpus / "ua" / "uap-core" / "test_ua.yaml", corpus / "ua" / "crawlers")
    files = [file for place in lists for file in (place.iterdir() if place.is_dir() else (place,))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    found = re.findall(r"([A-Za-z][A-Za-z_]*)[/ ]([1-9][0-9]{0,2}(?:\.[0-9]{1,3}){3})(?![0-9.]*[0-9])", text)
    return {(name, version) for name, version in found if max(map(int, version.split("."))) < 256}


def test_versions_of_real_agents_stay(corpus: Path) -> None:
    """All but some in a hundred, and all whose second number is 0; what is cut in doubt names nobody."""
    agents = [f"{name}/{version}" for name, version in products(corpus)]
    kept = [agent for agent in agents if mask_agent(agent) == agent]

    assert len(agents) > 50
    assert len(kept) >= 0.97 * len(agents)
    assert [agent for agent in set(agents) - set(kept) if re.search(r"[/ ][0-9]+\.0\.", agent)] == []


def test_of_addresses_behind_a_name_less_than_one_in_a_hundred_looks_like_a_version() -> None:
    rng = random.Random(1)
    every = (ipaddress.ip_address(rng.getrandbits(32)) for _ in range(100_000))
    agents = [f"bot/{address}" for address in every if address.is_global and not address.is_multicast]
    kept = (mask_agents(pl.Series(agents)) == pl.Series(agents)).sum()

    assert kept / len(agents) < 0.007


@pytest.mark.parametrize("odd", ["", '\\"'], ids=["fast plan", "exact parser"])
def test_anonymize_masks_the_agent_of_every_line(odd: str, logstats: Logstats) -> None:
    agent = f"probe{odd} (198.51.100.7; jo@example.org) Chrome/121.0.0.0"
    line = f'198.51.100.7 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{agent}"\n'

    done = logstats("anonymize", input=line.encode())

    assert done.returncode == 0
    assert f"probe{odd} ({{ip}}; {{email}}) Chrome/121.0.0.0".encode() in done.stdout
