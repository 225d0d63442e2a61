"""The lists of rules are complete, compile, and do what their reasons say."""

from __future__ import annotations

import re
from collections import Counter

import polars as pl
import pytest

from logstats import rules


def test_every_bot_rule_has_a_name_a_kind_and_a_pattern() -> None:
    """And the kind is one that the file explains."""
    kinds = {
        "search",
        "ai",
        "seo",
        "social",
        "monitor",
        "archive",
        "feed",
        "ads",
        "library",
        "browser",
        "scanner",
    }

    for rule in rules.load_bot_rules().bots:
        assert rule.name
        assert rule.kind in kinds
        assert rule.pattern


def test_every_other_rule_gives_its_reason() -> None:
    """A rule without a name is justified by a sentence."""
    bots = rules.load_bot_rules()

    reasons = [rule.reason for rule in (*bots.people, *bots.signs)]
    reasons += [rule.reason for rule in rules.load_device_rules()]

    assert min(map(len, reasons)) > 10


def test_patterns_compile_and_none_fits_everything() -> None:
    """An empty alternative would make everybody a bot."""
    bots = rules.load_bot_rules()

    patterns = [rule.pattern for rule in bots.bots]
    patterns += [rule.pattern for rule in (*bots.people, *bots.signs)]
    patterns += [rule.pattern for rule in rules.load_device_rules()]

    for pattern in patterns:
        assert not re.search(pattern, "Q (Q; Q) Q/9", re.IGNORECASE)


def test_a_bot_is_named_in_one_rule() -> None:
    """Except scanners, of which there are tools and exploits."""
    names = Counter(rule.name for rule in rules.load_bot_rules().bots)

    assert [name for name, count in names.items() if count > 1] == ["scanner"]


@pytest.mark.parametrize(
    ("path", "static"),
    [
        ("/logo.png", True),
        ("/a/LOGO.PNG", True),
        ("/app.min.js", True),
        ("/font.woff2", True),
        ("/", False),
        ("/index.html", False),
        ("/report.pdf", False),
        ("/logo.png/edit", False),
        ("/png", False),
        ("/a.b/c", False),
        ("", False),
        (None, None),
    ],
)
def test_a_static_file_is_told_by_its_last_extension(path: str | None, static: bool | None) -> None:
    """Documents that people look for are pages."""
    frame = pl.DataFrame({"path": [path]}, schema={"path": pl.String})

    assert frame.select(rules.is_static_path(pl.col("path"))).item() is static


def test_extensions_stand_in_one_group() -> None:
    """In lower case and without the dot."""
    groups = rules.load_rules("static_files")["group"]
    listed = [extension for group in groups for extension in group["extensions"]]

    assert sorted(listed) == sorted(rules.load_static_extensions())
    assert all(re.fullmatch(r"[a-z0-9]{2,11}", extension) for extension in listed)


@pytest.mark.parametrize(
    ("domain", "engine"),
    [
        ("google.com", "Google"),
        ("google.co.uk", "Google"),
        ("google.com.br", "Google"),
        ("bing.com", "Bing"),
        ("duckduckgo.com", "DuckDuckGo"),
        ("search.yahoo.co.jp", None),
        ("yahoo.co.jp", "Yahoo"),
        ("notgoogle.com", None),
        ("google.example.org", None),
        ("example.org", None),
        (None, None),
    ],
)
def test_a_search_engine_is_told_by_its_registrable_domain(domain: str | None, engine: str | None) -> None:
    """With any country's suffix where the engine has many."""
    frame = pl.DataFrame({"domain": [domain]}, schema={"domain": pl.String})

    assert frame.select(rules.search_engine_of(pl.col("domain"))).item() == engine
