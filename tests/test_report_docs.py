"""The reference of outputs names everything there is."""

import re
from pathlib import Path

import pytest

from logstats.report import OUTPUTS
from logstats.report.dictionary import MEANINGS
from logstats.schema import TABLE_KEYS

DOCS = Path(__file__).parent.parent / "docs" / "reference"


@pytest.fixture(scope="module")
def reference():
    return (DOCS / "outputs.md").read_text()


def test_every_suffix_is_described_as_the_program_does(reference):
    for suffix, output in OUTPUTS.items():
        assert f"| `{suffix}` | {output.description} |" in reference


def test_every_column_is_described_as_the_dictionary_does(reference):
    for name, column in MEANINGS.items():
        assert f"| `{name}` | {column.type} | {column.unit or ''} | {column.description} |" in reference


def test_the_schema_knows_every_table_and_its_keys():
    schema = (DOCS / "report.schema.json").read_text()

    assert set(TABLE_KEYS) <= set(re.findall(r'"(\w+)": \{\s+"allOf"', schema))


def test_every_output_is_wide_enough_for_every_key():
    assert {key for keys in TABLE_KEYS.values() for key in keys} <= MEANINGS.keys()
