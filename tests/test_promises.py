"""Every promise names a test that is there, and a module that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.corpus import ROOT

PAGE = (ROOT / "docs" / "explanation" / "promises.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| promise"))
]


def named_tests() -> Iterator[tuple[str, str, str]]:
    """Promise, file and name of each test; `the same` is the file of the row before."""
    file = ""
    for promise, _, tests in ROWS:
        for part in re.split(r"; (?=`)", tests):
            found = re.match(r"(?:`((?:attacks/)?test_\w+\.py)`|the same): ", part)
            assert found, promise
            file = found[1] or file
            for words in part[found.end() :].split("; "):
                yield promise, file, re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def test_every_promise_names_a_test_that_exists() -> None:
    assert len(ROWS) > 50
    for promise, file, name in named_tests():
        tests = re.findall(
            r"^def test_(\w+)", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE
        )

        assert any(test.startswith(name) for test in tests), (promise, file, name)


def test_every_promise_is_kept_by_code_that_exists() -> None:
    for promise, where, _ in ROWS:
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", where):
            assert (ROOT / "logstats" / name).exists(), (promise, name)


def test_the_page_says_what_does_not_hold() -> None:
    assert PAGE.split("## What does not hold")[1].count("\n- **") > 10
