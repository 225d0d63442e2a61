"""The pattern for whole columns finds what the exact parser finds, on lines that are not odd."""

import polars as pl
import pytest

from logstats import formats
from logstats.formats.patterns import rust_pattern

TEXT_PRESETS = [preset for preset in formats.all_presets() if preset.kind is formats.Kind.TEXT]
# Columns that several parts of a line, or a second field, make up.
MADE_UP = {"time", "request", "message", "host"}


@pytest.mark.parametrize("preset", TEXT_PRESETS, ids=lambda preset: preset.name)
def test_the_pattern_finds_the_spans_of_the_exact_parser(preset):
    line = preset.samples[0].line
    line = line.partition(": ")[2] if "haproxy[" in line or "Logs[" in line else line
    pattern = rust_pattern(preset)
    assert pattern is not None
    found = pl.select(pl.lit(line).str.extract_groups(pattern)).item()
    spans = formats.field_spans(preset, line)

    assert found.keys() >= set(preset.columns)
    for column in set(preset.columns) - MADE_UP:
        start, end = spans.get(column, (0, 0))
        assert line[start:end] in (found[column] or "")


def test_other_kinds_have_no_pattern():
    assert rust_pattern(formats.preset("caddy")) is None
