"""Lines of other projects' tests read as they expect, but for what `differences.toml` gives a reason for.

The lines and expected fields stay where they are, in the corpus; nothing of them is copied or edited.
"""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logstats import formats
from logstats.formats.escapes import visible
from tests.corpus import CORPUS
from tests.test_formats_corpus_layouts import cases
from tests.vector_files import vectors

HERE = Path(__file__).parent / "vectors"
DIFFERENCES = tomllib.loads((HERE / "differences.toml").read_text("utf-8"))
LAYOUTS = tomllib.loads((HERE / "layouts.toml").read_text("utf-8"))

# Expected name -> column, for values that are compared as they are.
SAME = {
    "client": "host",
    "client_port": "client_port",
    "user": "user",
    "method": "method",
    "status": "status",
    "bytes": "bytes_sent",
    "referrer": "referrer",
    "user_agent": "agent",
    "vhost": "vhost",
    "protocol": "protocol",
    "duration_us": "duration_us",
    "level": "level",
    "message": "message",
}


def records():
    if CORPUS is None:
        return []
    text = (CORPUS / "vectors/unified.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def lines_of(record):
    """The lines to read: a header first where the format is one."""
    header = record.get("format") or ""
    return [header.replace("\\t", "\t"), record["line"]] if header.startswith("#Fields") else [record["line"]]


def layout_of(record):
    """The layout of the source where it is a format string, else None: to be detected."""
    if record["id"] in LAYOUTS:
        return LAYOUTS[record["id"]]["layout"]
    given = record.get("format") or ""
    is_layout = ("%" in given or "$" in given) and "..." not in given and not given.startswith("(e")
    return given if is_layout or given in formats.names() else None


def wrong(name, expected, row):  # noqa: PLR0911 - one for each way to compare
    """Whether a row tells something else than expected; names of other programs' own are not compared."""
    match name:
        case "path":
            path, query = row["path"], row["query"]
            return expected not in {path, path if query is None else f"{path}?{query}"}
        case "query":
            return (expected or "").lstrip("?") != (row["query"] or "")
        case "http_version":
            return expected != (row["protocol"] or "").partition("/")[2]
        case "time":
            moment = datetime.fromisoformat(expected)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            # a source without fractions has dropped them
            found = row["time"] if moment.microsecond else row["time"].replace(microsecond=0)
            return abs((found - moment).total_seconds()) >= 0.001
        case "duration_s":
            return row["duration_us"] is None or abs(row["duration_us"] / 1e6 - expected) > 1e-6
        case "duration_ms":
            return row["duration_us"] != expected * 1000
        case "xff" | "upstream":
            column = "forwarded_for" if name == "xff" else "upstream_addr"
            listed = (row.get(column) or row["host"] or "").split(",")
            return [item.strip() for item in listed] != (
                expected if isinstance(expected, list) else [expected]
            )
        case _ if name in SAME:
            found = row.get(SAME[name])
            expected = visible(expected) if isinstance(expected, str) else expected
            return found != expected and not (expected in {None, "-", ""} and found is None)
    return False


def differing(record):
    """The names whose values we read otherwise; `line` if the line is not read at all."""
    rows = [row for row in formats.read_fields(lines_of(record), layout_of(record)) if row is not None]
    if not rows:
        return {"line"}
    return {name for name, expected in record["expect"].items() if wrong(name, expected, rows[0])}


@pytest.mark.corpus
@pytest.mark.parametrize("record", records(), ids=lambda record: record["id"])
def test_a_line_reads_as_its_source_expects(record):
    known = DIFFERENCES.get(record["id"], {}).get("fields", [])

    assert sorted(differing(record)) == sorted(known)


@pytest.mark.corpus
def test_every_difference_is_of_a_line_in_the_corpus_and_has_a_reason():
    if CORPUS is None:
        pytest.skip("no corpus")
    ids = {record["id"] for record in records()}
    with_layouts = {case.id for case in cases()}

    of_files = {vector.id for vector in vectors()}

    assert DIFFERENCES.keys() <= ids | with_layouts | of_files
    assert LAYOUTS.keys() <= ids
    assert all(len(entry["reason"]) > 20 for entry in DIFFERENCES.values())
