"""House rules that a machine can check; CONTRIBUTING tells their reasons."""

from __future__ import annotations

import ast
import gzip
import ipaddress
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from logstats.cli import cli
from tests.corpus import ROOT

MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 45
# path -> the reason why this one may be longer; best empty
LONGER_FILES: dict[str, str] = {}
# "path:function" -> the same
LONGER_FUNCTIONS: dict[str, str] = {}
DOCUMENTATION = [
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]  # fmt: skip
# Prefix -> bits to the right of the IPv4 address under it, which then counts
# (RFC 4291, RFC 6052, RFC 3056, RFC 4380).
EMBEDDING = {
    ipaddress.ip_network(prefix): shift
    for prefix, shift in {
        "::/96": 0, "::ffff:0:0/96": 0, "::ffff:0:0:0/96": 0, "64:ff9b::/96": 0,
        "2002::/16": 80, "2001::/32": 0,
    }.items()
}  # fmt: skip
# The prefixes themselves, and others that RFC 6052 and RFC 8215 set aside.
PREFIXES = {"64:ff9b:1::", "2002::", "2001::", "2000::"}
GLOBAL = ipaddress.ip_network("2000::/3")  # all else of IPv6 is no one's
# What is no one's: this host, link-local, multicast and reserved, masks; then private and carrier networks.
NO_ONES = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    )
]  # fmt: skip
# What documentation addresses become when they are cut.
CUT = {"192.0.0.0", "198.0.0.0", "198.51.0.0", "198.51.96.0", "203.0.0.0", "203.0.112.0"}

# Versions and object identifiers that tests show because they look like addresses.
LOOKALIKES = {"1.2.3.4", "1.2.3.5", "2.0.0.0", "2.5.29.17", "4.15.0.1", "4.4.2.1", "121.0.0.0", "121.0.7.19"}
# A documentation address as the name system writes it, backwards.
BACKWARDS = {"77.113.0.203"}
# Whole networks that MaxMind's test databases hold; no other addresses are in them.
IN_DATABASES = {"1.1.0.0", "1.128.0.0", "2001:220::", "2a02:cf40::"}

# No version after a slash, no group of a replacement, no section of a standard.
QUAD = re.compile(r"(?<![\w./:$%-])(?<!section )(\d{1,3}(?:\.\d{1,3}){3})(?![\w.-]|/\d*\.)")
SIX = re.compile(
    r"(?<![\w:.])((?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}))(?![\w:]|\.\d)",
    re.IGNORECASE,
)

TEXT = {".py", ".md", ".toml", ".json", ".html", ".txt", ".log", ".cfg", ".yml", ".css", ".svg", ""}


def tracked_files() -> list[Path]:
    """Files of the repository, or all that look like it where there is no git (an unpacked sdist)."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [
            p for d in ("logstats", "tests", "fixtures", "docs") for p in (ROOT / d).rglob("*") if p.is_file()
        ]
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def read_text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("latin-1")


FILES = tracked_files()
TEXT_FILES = [p for p in FILES if p.suffix in TEXT or p.name.endswith(".log.gz")]
MODULES = [p for p in FILES if p.suffix == ".py" and p.is_relative_to(ROOT / "logstats")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_no_ones(text: str) -> bool:
    """Whether an address, or what only looks like one, may stand in a document."""
    if text in CUT | PREFIXES | LOOKALIKES | BACKWARDS | IN_DATABASES:
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True
    for prefix, shift in EMBEDDING.items():
        if address in prefix:
            inner = int(address) >> shift & 0xFFFFFFFF
            teredo = prefix.prefixlen == 32  # which writes it inverted
            return is_no_ones(str(ipaddress.IPv4Address(inner ^ 0xFFFFFFFF if teredo else inner)))
    if address.version == 6 and address not in GLOBAL:
        return True
    return any(address in network for network in (*DOCUMENTATION, *NO_ONES))


def addresses_in(text: str) -> Iterator[str]:
    yield from QUAD.findall(text)
    yield from SIX.findall(text)


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2a00:1450:4001::1", "::ffff:8.8.8.8"])
def test_the_rule_about_addresses_would_find_a_real_one(text: str) -> None:
    found = list(addresses_in(f'{text} - - "GET /?from={text}"'))

    assert text in found
    assert not all(map(is_no_ones, found))


@pytest.mark.parametrize(
    "text", ["Chrome/121.0.0.0", "12:30:59", "a::b::c", "[02/Feb/2026:10:00:00 +0000]", "1.2.3"]
)
def test_the_rule_about_addresses_leaves_versions_and_times_alone(text: str) -> None:
    assert all(map(is_no_ones, addresses_in(text)))


@pytest.mark.parametrize("folder", ["fixtures", "docs", "tests", "logstats"])
def test_only_documentation_addresses_are_shown(folder: str) -> None:
    found = {
        f"{name_of(path)}: {address}"
        for path in TEXT_FILES
        if path.is_relative_to(ROOT / folder) and path.name != "test_repository.py"
        for address in addresses_in(read_text(path))
        if not is_no_ones(address)
    }

    assert not found


FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.])/(?:home|root|Users|work|tmp/(?:v|team|qc[\w-]*))/[A-Za-z]"
    ),
    "the address of a package index": re.compile(
        r"(?:pypi|pythonhosted)\.org|simple/?index|index-url\s*=", re.IGNORECASE
    ),
    "how it came about": re.compile(r"\bissue #?\d|Co-authored-by", re.IGNORECASE),
    "work left undone": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"),
    "a key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b"),
    "a merge that was not finished": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = {
        f"{name_of(path)}:{read_text(path).count(chr(10), 0, match.start()) + 1}"
        for path in TEXT_FILES
        if path.name != "test_repository.py"
        for match in FORBIDDEN[what].finditer(read_text(path))
    }

    assert not found


def test_modules_are_short_enough_to_read() -> None:
    long = {name_of(p) for p in MODULES if len(p.read_text().splitlines()) > MAX_FILE_LINES}

    assert long == set(LONGER_FILES)


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of what a function does, without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_short_enough_to_read() -> None:
    long = {
        f"{name_of(path)}:{function.name}"
        for path in MODULES
        for function in functions_of(path)
        if body_lines(function) > MAX_FUNCTION_LINES
    }

    assert long == set(LONGER_FUNCTIONS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())) or not path.read_text().strip()


TESTS = {p.stem: p.read_text() for p in FILES if p.is_relative_to(ROOT / "tests") and p.suffix == ".py"}


# A part of one stage, and the module through which its tests reach it.
PARTS = {
    "facets": "aggregate", "hosts": "addresses", "keying": "aggregate", "pairs": "aggregate", "rollup": "aggregate",
    "rewrite_line": "rewrite", "sanitize": "anonymize", "silence": "nothing_elsewhere", "split": "parse",
}  # fmt: skip


def is_tested(path: Path) -> bool:
    """Whether a module has doctests, or a test is named for it, or imports it or its package."""
    names = [part for part in path.relative_to(ROOT / "logstats").with_suffix("").parts if "__" not in part]
    if not names:
        return "test_install" in TESTS
    names[0] = PARTS.get(names[0], names[0])
    if ">>>" in path.read_text():
        return True
    imported = re.compile(rf"\blogstats(?:\.{names[0]}\b| import [^\n]*\b{names[0]}\b)")
    named = any(
        f"_{name}" in stem for name in (names[0], names[-1]) for stem in TESTS if stem.startswith("test_")
    )
    return named or any(imported.search(text) for text in TESTS.values())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_tests(path: Path) -> None:
    assert is_tested(path)


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert re.search(r"^## \[?Unreleased", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_every_pinned_package_has_hashes_and_every_dependency_is_pinned() -> None:
    text = (ROOT / "constraints.txt").read_text()
    pin = r"^([\w.-]+)==\S+ \\\n(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
    pins = re.findall(pin, text, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]

    assert len(pins) == text.count("==")
    assert {re.split(r"[<>=]", line)[0] for line in wanted} <= set(pins)


def test_every_command_and_option_is_documented() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    told = "\n".join(page.read_text() for page in pages)
    words = set(words_of(cli))

    assert {"logstats report", "logstats policy notice", "--format"} <= words
    assert not {word for word in words if not re.search(rf"{re.escape(word)}(?![\w-])", told)}


def words_of(command: click.Command, path: str = "logstats") -> Iterator[str]:
    """Yield `logstats report` and `--format` and so on, for all that is not hidden."""
    yield path
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from (name for name in parameter.opts if name.startswith("--"))
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from words_of(inner, f"{path} {name}")
