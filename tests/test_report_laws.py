"""Whatever `disclose` may make, every output takes it and tells the same numbers."""

import csv
import io
import json
from collections import Counter
from datetime import date, timedelta

import openpyxl
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.report import (
    to_csv,
    to_html,
    to_json,
    to_markdown,
    to_parquet,
    to_prometheus,
    to_terminal,
    to_xlsx,
)
from logstats.schema import COUNTS, TABLE_KEYS
from logstats.tables import OTHER, Suppressed
from logstats.tally import Tally
from tests.reports import TYPES, make_report, make_table

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
KEYS = {
    "day": st.dates(date(2020, 1, 1), date(2021, 12, 31)),
    "hour": st.integers(0, 23),
    "span_hours": st.sampled_from([1, 3, 6, 24]),
    "weekday": st.integers(1, 7),
    "status": st.integers(100, 999) | st.none(),
}
NUMBERS = st.none() | st.integers(0, 10**15)


@st.composite
def tables(draw, name):
    """A table with unique keys, any count withheld, perhaps `(other)`, perhaps nothing but a reason."""
    keys = TABLE_KEYS[name]
    key_rows = draw(
        st.lists(
            st.tuples(*(KEYS.get(key, TEXTS) for key in keys)), max_size=12, unique_by=lambda row: row[0]
        )
    )
    rows = [dict(zip(keys, row, strict=True)) for row in key_rows]
    if draw(st.booleans()):
        other = dict.fromkeys(keys)
        first_text = next((key for key in keys if key not in TYPES), None)
        rows.append(other if first_text is None else {**other, first_text: OTHER})
    counted = [{**row, **{count: draw(NUMBERS) for count in COUNTS}} for row in rows]
    reason = draw(st.none() | st.builds(Suppressed, st.integers(0, 10**6), TEXTS))
    return make_table(name, counted, suppressed=reason)


@st.composite
def reports(draw):
    names = draw(st.lists(st.sampled_from(sorted(TABLE_KEYS)), unique=True, max_size=4))
    totals = {name: draw(NUMBERS) for name in (*COUNTS, "pages", "client_errors", "server_errors")}
    parsed, blank, rejected = draw(st.tuples(*[st.integers(0, 10**12)] * 3))
    lines = Tally(parsed + blank + rejected, parsed, blank, 0, Counter(no_format=rejected))
    notes = tuple(draw(st.lists(TEXTS, max_size=2)))
    return make_report([draw(tables(name)) for name in names], totals=totals, lines=lines, notes=notes)


def told(report):
    """Return the counts of all rows as the JSON tells them."""
    parsed = json.loads(to_json.render(report))["tables"]
    return [
        (name, *(row[count] for count in COUNTS)) for name, table in parsed.items() for row in table["rows"]
    ]


@settings(max_examples=40)
@given(reports())
def test_csv_parquet_and_xlsx_tell_the_numbers_of_the_json(report):
    rows = csv.DictReader(io.StringIO(to_csv.render(report).decode(), newline=""))
    frame = pl.read_parquet(io.BytesIO(to_parquet.render(report)))
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx.render(report)))

    assert [
        (row["table"], *(int(row[count]) if row[count] else None for count in COUNTS)) for row in rows
    ] == told(report)
    assert frame.select("table", *COUNTS).rows() == told(report)
    for name, table in report.tables.items():
        if table.rows.height:
            sheet = [row[-len(COUNTS) :] for row in book[name].iter_rows(min_row=2, values_only=True)]
            wanted = [row[1:] for row in told(report) if row[0] == name]
            # A row of which nothing at all is known leaves no cell behind it.
            assert sheet + [(None,) * len(COUNTS)] * (len(wanted) - len(sheet)) == wanted


@settings(max_examples=40)
@given(reports(), st.sampled_from(["en", "de", "fr", "es"]), st.integers(40, 200))
def test_what_people_read_takes_every_report(report, lang, width):
    page = to_html.render(report, lang=lang).decode()
    text = to_terminal.render(report, width=width).decode()

    assert page.count("<table") == page.count("<caption")
    assert text.count("──") >= 1
    assert to_markdown.render(report).startswith(b"# Web statistics of")


@settings(max_examples=40)
@given(reports())
def test_no_metric_tells_a_number_that_is_withheld(report):
    samples = [
        line for line in to_prometheus.render(report).decode().splitlines() if not line.startswith("#")
    ]
    totals = {line.split(" ")[0]: line.split(" ")[1] for line in samples if "{" not in line}

    assert ("logstats_hits" in totals) == (report.totals["hits"] is not None)
    assert len({line.rsplit(" ", 1)[0] for line in samples}) == len(samples)


def test_hits_without_a_status_are_not_taken_for_other_ones():
    rows = [{"status": status, **dict.fromkeys(COUNTS, 20)} for status in (200, None, None)]
    report = make_report([make_table("statuses", rows)])

    for output in (to_terminal, to_markdown, to_html, to_prometheus):
        text = output.render(report).decode()
        assert text.count("(unknown)") == (4 if output is to_prometheus else 1), output
        assert "(other)" in text


def test_three_years_of_days_are_drawn_in_columns_of_several_days():
    first = date(2020, 1, 1)
    rows = [{"day": first + timedelta(days=i), **dict.fromkeys(COUNTS, 20)} for i in range(1_000)]
    report = make_report([make_table("days", rows)])

    assert "A column is 9 days." in to_html.render(report).decode()
    assert "a column is 13 days" in to_terminal.render(report).decode()
