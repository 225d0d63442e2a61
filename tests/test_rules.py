"""The lists of rules are complete, compile, and do what their reasons say."""

from __future__ import annotations

import re
from collections import Counter

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


def test_extensions_stand_in_one_group() -> None:
    """In lower case and without the dot."""
    groups = rules.load_rules("static_files")["group"]
    listed = [extension for group in groups for extension in group["extensions"]]

    assert sorted(listed) == sorted(rules.load_static_extensions())
    assert all(re.fullmatch(r"[a-z0-9]{2,11}", extension) for extension in listed)
