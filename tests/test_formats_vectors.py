"""Every vector of other projects' tests reads as they expect, but for what `differences.toml` gives a reason for."""

from datetime import datetime

import pytest

from logstats import formats
from logstats.errors import UsageError
from tests import test_formats_corpus as unified
from tests.corpus import CORPUS
from tests.test_formats_corpus_layouts import FILES as WITH_LAYOUTS
from tests.vector_files import READERS, VECTORS, vectors

# What other tests read, file by file or line by line.
READ_ELSEWHERE = {"unified.jsonl", "fail2ban", *WITH_LAYOUTS}


def wrong(name, expected, row):  # noqa: C901, PLR0911 - one for each way to compare
    """Whether a row tells something else than expected, in the words of the readers and of the unified file."""
    match name:
        case "tells":
            return any(row[column] is None for column in expected)
        case "time" if row["time"] is None:
            return True
        case "time_clf":
            if expected[2] != "/":
                return unified.wrong("time", expected, row)
            return row["time"] != datetime.strptime(expected, "%d/%b/%Y:%H:%M:%S %z")
        case "time_ms":
            return row["time"] is None or int(row["time"].timestamp() * 1000) != expected
        case "duration_ns":
            return row["duration_us"] != int(float(expected) / 1000)
        case "duration_in_ms":
            return row["duration_us"] != int(expected.removesuffix("ms")) * 1000
        case "xff" if isinstance(expected, str):
            return unified.wrong("xff", [part.strip() for part in expected.split(",")], row)
        case "client_with_port":
            return f"{row['host']}:{row.get('client_port')}" != expected
        case "request":
            method, _, rest = expected.partition(" ")
            return (
                row["path"] not in {None, expected, rest.partition(" ")[0].partition("?")[0]}
                and method != "-"
            )
        case "client_port":
            return row.get("client_port") != expected
        case _ if name.endswith("_in_quotes"):
            return unified.wrong(name.removesuffix("_in_quotes"), expected.strip('"'), row)
    return unified.wrong(name, expected, row)


def differing(vector):
    """The names whose values we read otherwise; `line` if a line is read or not against the expectation."""
    try:
        rows = formats.read_fields(
            vector.lines, unified.layout_of({"id": vector.id, "format": vector.layout})
        )
    except UsageError:
        return [] if vector.expected is None else ["layout"]
    if not vector.lines:
        return ["layout"]
    row = rows[-1]
    if row is None or vector.expected is None:
        return [] if row is None and not vector.expected else ["line"]
    # Where nothing of ours is expected a line may be an error's, but it is no hit.
    if not vector.expected and row["status"] is not None:
        return ["line"]
    return sorted(name for name, expected in vector.expected.items() if wrong(name, expected, row))


@pytest.mark.corpus
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.id)
def test_a_vector_reads_as_its_source_expects(vector):
    known = unified.DIFFERENCES.get(vector.id, {}).get("fields", [])

    assert differing(vector) == sorted(known)


@pytest.mark.corpus
def test_no_file_of_vectors_is_read_by_no_test():
    if VECTORS is None:
        pytest.skip("no corpus")
    files = [path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*") if path.is_file()]
    known = READ_ELSEWHERE | READERS.keys()

    assert CORPUS is not None
    assert [name for name in files if not {name, name.partition("/")[0]} & known] == []


@pytest.mark.corpus
def test_every_file_with_a_reader_gives_vectors():
    if VECTORS is None:
        pytest.skip("no corpus")
    files = [path for name in READERS for path in (VECTORS / name).iterdir()]

    assert [path.name for path in files if not list(READERS[path.parent.name](path))] == []
