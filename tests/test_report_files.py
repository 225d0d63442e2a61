"""Markdown, Parquet, xlsx and Prometheus: the numbers of the JSON, safe and typed."""

import io
import json
import re
import subprocess
from datetime import date, datetime

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.report import to_csv, to_json, to_markdown, to_parquet, to_prometheus, to_xlsx
from logstats.tables import OTHER
from tests.programs import find_program
from tests.reports import ALL, HOSTILE, big_report, hostile_report, make_report, make_table, small_report

COUNTED = {"hits": 5, "bot_hits": 1, "visitors": 3, "bytes_sent": 9}
SAMPLE = re.compile(r'(logstats_[a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? ([0-9.e+]+)')


def every_report(test):
    return pytest.mark.parametrize("make", ALL.values(), ids=ALL)(test)


@every_report
def test_parquet_holds_the_typed_rows_of_the_csv(make):
    report = make()

    assert pl.read_parquet(io.BytesIO(to_parquet.render(report))).equals(to_csv.to_frame(report))


def test_parquet_tells_policy_units_and_what_is_suppressed():
    told = pl.read_parquet_metadata(io.BytesIO(to_parquet.render(small_report())))

    assert json.loads(told["logstats.schema"]) == "logstats.report/1"
    assert json.loads(told["logstats.policy"])["k"] == 10
    assert json.loads(told["logstats.columns"])["bytes_sent"]["unit"] == "bytes"
    assert json.loads(told["logstats.tables"])["referrers"]["suppressed"]["groups"] == 4


@every_report
def test_duckdb_and_pyarrow_read_the_same_numbers(make, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    pyarrow = pytest.importorskip("pyarrow.parquet")
    report = make()
    frame = to_csv.to_frame(report)
    (tmp_path / "r.parquet").write_bytes(to_parquet.render(report))
    (tmp_path / "r.csv").write_bytes(to_csv.render(report))
    columns = ("table", "hits", "bot_hits", "visitors", "bytes_sent")
    expected = frame.select(columns).rows()

    assert duckdb.read_parquet(str(tmp_path / "r.parquet")).project(*columns).fetchall() == expected
    arrow = pyarrow.read_table(tmp_path / "r.parquet").select(columns).to_pylist()
    assert [tuple(row.values()) for row in arrow] == expected
    if expected:  # DuckDB guesses the types of an empty CSV file as text
        assert duckdb.read_csv(str(tmp_path / "r.csv")).project(*columns).fetchall() == expected


@every_report
def test_every_sheet_holds_the_rows_of_its_table(make):
    report = make()
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx.render(report)))

    assert book.sheetnames == ["about", *report.tables]
    for name, table in report.tables.items():
        header, *rows = book[name].iter_rows(values_only=True)
        assert list(header) == [column.name for column in table.columns]
        if table.rows.height:
            assert [tuple(map(plain, row)) for row in rows] == [
                tuple(map(plain, r)) for r in table.rows.rows()
            ]


def plain(value):
    if isinstance(value, datetime):
        return value.date()
    return value if value != "" else None


def test_no_cell_of_a_workbook_is_a_formula_or_a_link():
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx.render(hostile_report())))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]

    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for cell in cells)
    assert set(HOSTILE) <= {cell.value for cell in cells}


def test_a_sheet_keeps_its_header_in_sight():
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx.render(big_report(5))))

    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    assert book["pages"]["B2"].number_format == "#,##0"
    assert book["days"]["A2"].is_date


@pytest.mark.live
def test_libreoffice_reads_workbook_and_csv_as_the_same_numbers(tmp_path):
    office = find_program("soffice")
    report = big_report(30)
    (tmp_path / "r.xlsx").write_bytes(to_xlsx.render(report))
    (tmp_path / "r.csv").write_bytes(to_csv.render(report))
    # Token 12, the sheet: -1 writes every sheet to a file of its own.
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    for source, target in (("r.xlsx", every_sheet), ("r.csv", "xlsx:Calc MS Excel 2007 XML")):
        options = [f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
        files = ["--convert-to", target, "--outdir", str(tmp_path / "out"), str(tmp_path / source)]
        subprocess.run([office, *options, *files], check=True, capture_output=True, timeout=300)
    pages = pl.read_csv(tmp_path / "out" / "r-pages.csv")
    book = openpyxl.load_workbook(tmp_path / "out" / "r.xlsx")
    header, *rows = next(iter(book)).iter_rows(values_only=True)
    place = {name: i for i, name in enumerate(header)}

    assert pages["hits"].to_list() == report.tables["pages"].rows["hits"].to_list()
    assert pages["path"].to_list() == report.tables["pages"].rows["path"].to_list()
    assert [row[place["bytes_sent"]] for row in rows] == to_csv.to_frame(report)["bytes_sent"].to_list()


def samples(content):
    found = []
    for line in content.decode().splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            found.append((match[1], match[2] or "", float(match[3])))
    return found


@every_report
def test_every_metric_is_a_gauge_with_help_and_no_series_comes_twice(make):
    content = to_prometheus.render(make())
    series = [(name, marks) for name, marks, _ in samples(content)]

    assert len(series) == len(set(series))
    for name in {name for name, _ in series}:
        assert f"# HELP {name} ".encode() in content
        assert f"# TYPE {name} gauge\n".encode() in content


def test_metrics_are_the_numbers_of_the_report():
    told = {(name, marks): value for name, marks, value in samples(to_prometheus.render(big_report()))}

    assert told["logstats_hits", ""] == 1_050_000
    assert told["logstats_status_hits", 'status="200"'] == 800_000
    assert told["logstats_lines", 'result="rejected",reason="no_format"'] == 4
    assert told["logstats_suppressed_groups", 'table="pages"'] == 31


def test_paths_and_referrers_become_no_series():
    content = to_prometheus.render(big_report())

    assert b"/about" not in content
    assert b"example.com" not in content


def test_a_withheld_count_has_no_sample():
    content = to_prometheus.render(small_report())

    assert b"logstats_client_errors" not in content
    assert b"logstats_server_errors 0\n" in content


@given(st.text(max_size=30))
def test_a_label_value_cannot_end_its_line_or_quote(text):
    report = make_report([make_table("vhosts", [{"vhost": text, **COUNTED}])])
    text_lines = to_prometheus.render(report).decode().split("\n")

    assert all(line.startswith("#") or SAMPLE.fullmatch(line) for line in text_lines if line)


@pytest.mark.live
@every_report
def test_promtool_has_nothing_to_say(make):
    promtool = find_program("promtool")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=to_prometheus.render(make()), capture_output=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@every_report
def test_a_markdown_table_has_the_same_cells_in_every_line(make):
    tables = re.findall(r"(?:^\|.*\n)+", to_markdown.render(make()).decode(), re.MULTILINE)

    assert tables
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@given(st.text(max_size=60))
def test_a_code_span_ends_where_the_text_ends(text):
    span = to_markdown.code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]

    assert span.endswith(fence)
    assert not re.search(f"(?<!`){fence}(?!`)", span[len(fence) : -len(fence)])
    assert "\n" not in span


def test_text_of_a_log_stands_in_code_spans_only():
    text = to_markdown.render(hostile_report()).decode()
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)

    assert "script" not in outside
    assert "smile" not in outside
    assert OTHER in outside


def test_markdown_has_the_numbers_of_the_json():
    report = big_report(20)
    text = to_markdown.render(report).decode()

    for row in json.loads(to_json.render(report))["tables"]["pages"]["rows"]:
        assert f"| {row['hits']:,} |" in text
        assert f"| {row['visitors']:,} |" in text


def test_every_output_of_an_uncontrolled_report_says_so():
    report = ALL["internal"]()
    marking = "INTERNAL - not disclosure controlled"
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx.render(report)))
    rows = to_csv.render(report).decode().splitlines()

    assert ("policy.marking", marking) in book["about"].iter_rows(values_only=True)
    assert marking in to_markdown.render(report).decode()
    assert marking.encode() in to_prometheus.render(report)
    assert set(pl.read_parquet(io.BytesIO(to_parquet.render(report)))["marking"]) == {marking}
    assert all(row.endswith(marking) for row in rows[1:])


def test_a_date_is_a_date_wherever_there_are_types():
    frame = pl.read_parquet(io.BytesIO(to_parquet.render(big_report(3))))

    assert frame["day"].min() == date(2026, 10, 1)
