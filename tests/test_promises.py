"""Every promise names a test that is there, and a module that is there."""

from __future__ import annotations

import re

from tests.corpus import ROOT

PAGE = (ROOT / "docs" / "explanation" / "promises.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| promise"))
]


def test_every_promise_has_a_test_that_exists() -> None:
    for promise, _, tests in ROWS:
        files = re.findall(r"`((?:attacks/)?test_\w+\.py)`", tests)

        assert files or "the same" in tests, promise
        for file in files:
            assert (ROOT / "tests" / file).is_file(), file


def test_every_promise_is_kept_by_code_that_exists() -> None:
    for promise, where, _ in ROWS:
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", where):
            assert (ROOT / "logstats" / name).exists(), (promise, name)


def test_the_page_says_what_does_not_hold() -> None:
    assert PAGE.split("## What does not hold")[1].count("\n- **") > 10
