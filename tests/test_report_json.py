"""The JSON report keeps its schema, its numbers and its order."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from logstats.report import to_json
from tests.reports import ALL, big_report, small_report

SCHEMA = Path(__file__).parent.parent / "docs" / "reference" / "report.schema.json"


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_every_report_fits_the_schema(make, validator):
    assert list(validator.iter_errors(json.loads(to_json.render(make())))) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda report: report["lines"].update(rejected=3),
        lambda report: report["totals"].pop("visitors"),
        lambda report: report["totals"].update(hits="1,050,000"),
        lambda report: report["policy"].pop("digest"),
        lambda report: report["tables"]["pages"].update(section="Everything"),
        lambda report: report["tables"]["pages"]["rows"][0].update(hits=-1),
        lambda report: report["tables"]["pages"]["rows"][0].update(visitors="12"),
        lambda report: report["tables"]["pages"].pop("suppressed"),
        lambda report: report["tables"].update(addresses=report["tables"]["pages"]),
        lambda report: report.update(schema="logstats.report/2"),
    ],
)
def test_the_schema_refuses_what_the_names_do_not_allow(spoil, validator):
    report = json.loads(to_json.render(big_report(3)))
    spoil(report)

    assert list(validator.iter_errors(report)) != []


def test_the_same_report_gives_the_same_bytes():
    report = big_report()
    shuffled = replace(report, replaced=dict(reversed(report.replaced.items())))

    assert to_json.render(report) == to_json.render(shuffled)
    assert to_json.render(report).endswith(b"}\n")


def test_a_row_is_one_line():
    lines = to_json.render(big_report()).decode().splitlines()

    assert sum(line.lstrip().startswith('{"day": "2026-10-') for line in lines) == 31


def test_what_is_withheld_is_null():
    report = json.loads(to_json.render(small_report()))

    assert report["totals"]["client_errors"] is None
    assert report["tables"]["pages"]["rows"][1]["hits"] is None
    assert report["tables"]["referrers"] == report["tables"]["referrers"] | {
        "rows": [],
        "suppressed": {"groups": 4, "reason": "too few visitors to hide the groups of under 10"},
    }


def test_lines_of_the_file_balance():
    lines = json.loads(to_json.render(big_report(3)))["lines"]

    assert lines["read"] == lines["parsed"] + lines["blank"] + sum(lines["rejected"].values())
