"""What the documents show is what happens: commands run, their output holds, links lead somewhere."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

from logstats.cli import cli
from tests.corpus import ROOT
from tests.waiting import PATIENCE_SECONDS

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# Set-up is tested by tests/test_install.py, and needs more than a shell.
SET_UP = {"make", "pipx", "pip", "sudo", "apt", "systemctl", "crontab"}
# page -> why its commands are only checked for their words
NOT_RUN = {
    "custom-format.md": "its logs are made up; tests of formats compile every layout it shows",
}
# What a command needs that a temporary directory does not have.
NEEDS_MORE = re.compile(
    r"(?:^|[ =])/(?:etc|var|srv|usr)/|\.mmdb|\b(?:jq|duckdb|ssh-keygen|crontab|systemctl)\b"
)
ELISION = "..."
FILE = re.compile(r"^```toml\n# ([\w-]+\.toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command that a page shows, and the output under it."""

    command: str
    output: tuple[str, ...]

    @property
    def can_run(self) -> bool:
        first = shlex.split(self.command, comments=True)[:1]
        return bool(first) and first[0] not in SET_UP and not NEEDS_MORE.search(self.command)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def shown_in(text: str) -> Iterator[Shown]:
    """Yield the commands of a page: `$ ` starts one in a console block, every line is one in a sh block."""
    for kind, block in BLOCK.findall(text):
        lines = block.replace("\\\n", "").splitlines()
        if kind == "sh":
            yield from (Shown(line, ()) for line in lines if line.strip() and not line.startswith("#"))
            continue
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield Shown(lines[start][2:], tuple(line.rstrip() for line in lines[start + 1 : end]))


def matches(shown: tuple[str, ...], found: tuple[str, ...]) -> bool:
    """Whether output is what is shown; a line of dots stands for lines, dots in a line for a part of it."""
    if not shown:
        return not found
    if shown[0] == ELISION:
        return any(matches(shown[1:], found[start:]) for start in range(len(found) + 1))
    line = ".*".join(map(re.escape, shown[0].split(ELISION)))
    return bool(found) and re.fullmatch(line, found[0]) is not None and matches(shown[1:], found[1:])


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory as a reader has it: the fixtures, and a log."""
    shutil.copytree(ROOT / "fixtures", tmp_path / "fixtures")
    log = gzip.decompress((ROOT / "fixtures" / "demo" / "access.log.gz").read_bytes())
    (tmp_path / "access.log").write_bytes(log)
    return tmp_path


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `logstats` is this repository's, on a terminal of 80 columns."""
    programs = tmp_path_factory.mktemp("bin")
    python = shlex.quote(sys.executable)
    for name, call in {"logstats": f"{python} -m logstats", "python": python}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    settings = {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    return {name: value for name, value in os.environ.items() if not name.startswith("LOGSTATS_")} | settings


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in NOT_RUN], ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, directory: Path, environment: dict[str, str]) -> None:
    """Every command of a page ends well, one after the other, and prints what stands under it.

    A TOML block whose first line names a file is that file.
    """
    for name, content in FILE.findall(page.read_text()):
        (directory / name).write_text(content)
    for shown in shown_in(page.read_text()):
        if not shown.can_run:
            continue
        done = subprocess.run(
            ["bash", "-c", shown.command],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        found = tuple(line.rstrip() for line in done.stdout.splitlines())

        assert done.returncode == 0, (shown.command, found)
        assert not shown.output or matches(shown.output, found), (shown.command, found)


def test_output_that_differs_is_seen() -> None:
    found = ("one", "two", "three")

    assert matches(("one", "...", "three"), found)
    assert matches(("o...", "...", "...ee"), found)
    assert matches(("...",), found)
    assert not matches(("one", "three"), found)
    assert not matches(("one", "...", "four"), found)


def test_the_readme_shows_commands_that_run() -> None:
    assert sum(shown.can_run for shown in shown_in((ROOT / "README.md").read_text())) > 3


def calls_in(page: Path) -> Iterator[list[str]]:
    """Yield the words after `logstats` of every call that a page shows, also of those that are not run."""
    for shown in shown_in(page.read_text()):
        for part in re.split(r"[|;&]|\$\(", shown.command):
            words = part.replace(")", " ").split()
            if words[:1] == ["logstats"]:
                yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_that_a_page_shows_exist(page: Path) -> None:
    for words in calls_in(page):
        command: click.Command = cli
        for word in words:
            if not isinstance(command, click.Group) or word.startswith("-"):
                break
            inner = command.get_command(click.Context(command), word)
            assert inner is not None, words
            command = inner
        known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
        options = {word.split("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(?:=.*)?", word)}

        assert options <= known, words


LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors_of(text: str) -> set[str]:
    """Return the anchors of a page's headings, made the way GitHub makes them."""
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(FENCED.sub("", text))]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(FENCED.sub("", document.read_text())):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme in {"https", "http"}, link
            continue
        target = document.parent / unquote(parts.path) if parts.path else document

        assert target.exists(), link
        assert not parts.fragment or parts.fragment in anchors_of(target.read_text()), link


def test_every_page_is_in_the_index() -> None:
    """Nobody finds a page that no other page links to."""
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {
        "README.md"
    }

    assert {page for page in pages if f"({page})" not in index} == set()
