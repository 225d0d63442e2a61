"""Every report says under which policy it was made, whatever its form; `internal` is marked in all of them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from logstats.policy import INTERNAL, load_policy
from tests.conftest import Logstats
from tests.nights import day_lines

POLICY = 'id = "zz-own"\nversion = "7.3-z"\neffective = 2026-01-31\nextends = "{base}"\n'
FORMS = ("r.html", "r.json", "r.csv", "r.md", "r.parquet", "r.xlsx", "r.prom", "t/")
SIZES = {"many visitors": 60, "too few to show anything": 5}


def texts(path: Path) -> Iterator[str]:
    """What a reader of an output finds in it."""
    if path.is_dir():
        yield (path / "about.csv").read_text()
    elif path.suffix == ".parquet":
        yield json.dumps(pl.read_parquet_metadata(path)) + str(pl.read_parquet(path).to_dicts())
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as book:
            yield "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    else:
        yield path.read_text()


def make(logstats: Logstats, place: Path, base: str, visitors: int) -> str:
    """Write all outputs and one `terminal.txt`; return the digest of the policy."""
    (place / "own.toml").write_text(POLICY.format(base=base))
    (place / "a.log").write_bytes(day_lines(date(2026, 2, 1), 300, visitors))
    words = [word for name in FORMS for word in ("-o", name)]
    assert logstats("report", "a.log", "--policy", "own.toml", "--ledger", "l", *words).returncode == 0
    shown = logstats("report", "a.log", "--policy", "own.toml")
    (place / "terminal.txt").write_bytes(shown.stdout)
    return load_policy(str(place / "own.toml")).digest


@pytest.mark.parametrize("visitors", SIZES.values(), ids=SIZES)
def test_every_output_names_id_version_date_and_digest(
    visitors: int, logstats: Logstats, tmp_path: Path
) -> None:
    digest = make(logstats, tmp_path, "public", visitors)

    for name in (*FORMS, "terminal.txt"):
        text = "".join(texts(tmp_path / name))
        if name == "r.csv" and visitors < 10:
            assert text.count("\n") == 1  # no row, and every row has them
            continue
        assert "zz-own" in text, name
        assert "7.3-z" in text, name
        assert "2026-01-31" in text or "January 31, 2026" in text, name
        assert digest[:16] in text, name
        assert INTERNAL not in text, name


def test_internal_marks_every_output_and_each_file_of_a_directory(logstats: Logstats, tmp_path: Path) -> None:
    make(logstats, tmp_path, "internal", 60)

    for name in (*FORMS, "terminal.txt"):
        assert INTERNAL in "".join(texts(tmp_path / name)), name
    tables = [
        path for path in (tmp_path / "t").glob("*.csv") if path.name not in ("about.csv", "columns.csv")
    ]
    rows = [line for path in tables for line in path.read_text().splitlines()[1:]]
    assert len(tables) > 10
    assert rows
    assert all(line.endswith(f",{INTERNAL}") for line in rows)
    described = (tmp_path / "t" / "columns.csv").read_text()
    assert described.count(",marking,string,") == len(tables)


def test_an_anonymized_log_is_stamped_in_the_ledger(logstats: Logstats, tmp_path: Path) -> None:
    """Its lines are those of a log: there is no place in them."""
    (tmp_path / "own.toml").write_text(POLICY.format(base="public"))
    (tmp_path / "a.log").write_bytes(day_lines(date(2026, 2, 1)))

    logstats("anonymize", "a.log", "-o", "o.log", "--policy", "own.toml", "--ledger", "l")

    told = json.loads((tmp_path / "l").read_text())["statement"]["predicate"]["policy"]
    named = {name: told[name] for name in ("id", "version", "effective", "digest")}
    assert named == {
        "id": "zz-own",
        "version": "7.3-z",
        "effective": "2026-01-31",
        "digest": load_policy(str(tmp_path / "own.toml")).digest,
    }


@pytest.mark.parametrize(
    ("words", "sites", "named"),
    [
        ((), "", False),
        (("--site", "www.example.org"), "", True),
        ((), 'sites = ["www.example.org"]\n', True),
        (("--site", "www.example.com"), "", False),
    ],
    ids=["nobody", "an option", "the policy", "another"],
)
def test_a_virtual_host_that_nobody_listed_is_not_named(
    words: tuple[str, ...], sites: str, named: bool, logstats: Logstats, tmp_path: Path
) -> None:
    """It is whatever the client sent."""
    (tmp_path / "own.toml").write_text(sites + POLICY.format(base="default"))
    lines = day_lines(date(2026, 2, 1), 300, 60).splitlines(keepends=True)
    (tmp_path / "a.log").write_bytes(b"".join(b"www.example.org:443 " + line for line in lines))

    done = logstats("report", "a.log", "--policy", "own.toml", "-o", "r.json", *words)

    assert done.returncode == 0, done.stderr
    assert ('"vhost": "www.example.org"' in (tmp_path / "r.json").read_text()) == named
