"""CSV: one tidy file or a file per table, safe in a spreadsheet, equal to the JSON."""

import csv
import io
import json

import pytest

from logstats.report import to_csv, to_json
from logstats.report.dictionary import STAMP, dictionary, key_columns
from logstats.schema import COUNTS, TABLE_KEYS
from tests.reports import ALL, HOSTILE, big_report, empty_report, hostile_report, small_report


def read(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def as_text(value):
    return "" if value is None else str(to_csv.safe_cell(value))


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_every_row_and_number_of_the_json_stands_in_the_tidy_file(make):
    report = make()
    expected = [
        {"table": name} | {key: as_text(value) for key, value in row.items()}
        for name, table in json.loads(to_json.render(report))["tables"].items()
        for row in table["rows"]
    ]
    rows = read(to_csv.render(report))

    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert {key: row[key] for key in wanted} == wanted
        assert {value for key, value in row.items() if key not in wanted and key not in STAMP} <= {""}


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_every_line_has_the_same_number_of_cells(make):
    lines = list(csv.reader(io.StringIO(to_csv.render(make()).decode(), newline="")))

    assert {len(line) for line in lines} == {len(lines[0])}


def test_the_header_is_the_same_for_every_report_without_further_measures():
    header = ["table", *key_columns(), *COUNTS, *STAMP]

    assert to_csv.render(small_report()).split(b"\r\n")[0].decode().split(",") == header
    assert to_csv.render(empty_report()).decode() == ",".join(header) + "\r\n"


def test_further_measures_stand_after_the_counts():
    header = to_csv.render(big_report(3)).split(b"\r\n")[0].decode()

    assert ",bytes_sent,p50_us,p90_us,p95_us,p99_us,max_us,period_first," in header


def test_no_cell_begins_like_a_formula():
    for row in csv.reader(io.StringIO(to_csv.render(hostile_report()).decode(), newline="")):
        assert not [cell for cell in row if cell.startswith(to_csv.FORMULA)]


def test_text_that_was_no_formula_is_unchanged():
    paths = {row["path"] for row in read(to_csv.render(hostile_report()))}

    assert {text for text in HOSTILE if not text.startswith(to_csv.FORMULA)} <= paths


def test_a_withheld_count_is_an_empty_cell_and_not_zero():
    about = next(row for row in read(to_csv.render(small_report())) if row["path"] == "/about")

    assert (about["hits"], about["bot_hits"], about["visitors"]) == ("", "", "11")


def test_every_row_names_its_policy():
    for row in read(to_csv.render(big_report(3))):
        assert row["policy_id"] == "default"
        assert row["policy_version"] == "1.0"
        assert row["policy_effective"] == "2026-11-01"
        assert len(row["policy_digest"]) == 64


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_a_file_per_table_has_exactly_its_columns(make):
    report = make()
    files = to_csv.render_files(report)

    for name, table in report.tables.items():
        rows = list(csv.reader(io.StringIO(files[f"{name}.csv"].decode(), newline="")))
        marking = ["marking"] if report.policy.get("marking") else []
        assert rows[0] == [*(column.name for column in table.columns), *marking]
        assert len(rows) == 1 + table.rows.height
    assert files.keys() <= to_csv.all_files()


def test_about_tells_lines_totals_policy_and_what_is_suppressed():
    about = {row["name"]: row["value"] for row in read(to_csv.render_files(small_report())["about.csv"])}

    assert about["lines.read"] == "212"
    assert about["totals.client_errors"] == ""
    assert about["policy.digest"].startswith("3f78")
    assert about["suppressed.referrers.groups"] == "4"


def test_the_dictionary_describes_every_column_of_every_table():
    described = read(to_csv.render_files(big_report(3))["columns.csv"])

    assert {(row["file"], row["column"]) for row in described} == {
        (f"{name}.csv", column.name)
        for name, table in big_report(3).tables.items()
        for column in table.columns
    }
    assert all(row["description"] and row["type"] for row in described)


def test_every_key_of_every_table_has_a_meaning():
    described = dictionary(empty_report())

    assert {key for keys in TABLE_KEYS.values() for key in keys} <= described.keys()


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_the_typed_frame_has_the_rows_of_the_file(make):
    report = make()
    frame = to_csv.to_frame(report)
    rows = read(to_csv.render(report))

    assert list(frame.columns) == to_csv.render(report).split(b"\r\n")[0].decode().split(",")
    assert [[as_text(value) for value in row] for row in frame.rows()] == [list(r.values()) for r in rows]
