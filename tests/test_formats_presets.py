"""Every preset reads its own samples."""

import re
import tomllib
from importlib import resources

import pytest

from logstats import formats
from logstats.formats import presets
from logstats.formats.layout import may_fit, scanner
from logstats.formats.model import Kind

SAMPLES = [
    pytest.param(preset, sample, id=f"{preset.name}-{number}")
    for preset in formats.all_presets()
    for number, sample in enumerate(preset.samples, start=1)
]
LINES = [sample.line for preset in formats.all_presets() for sample in preset.samples]


@pytest.mark.parametrize(("preset", "sample"), SAMPLES)
def test_a_preset_reads_its_sample(preset, sample):
    hit = formats.parse_line(preset, sample.line)

    assert not isinstance(hit, formats.Rejected), hit
    assert {column: hit.get(column) for column in sample.reads} == sample.reads


@pytest.mark.parametrize("preset", formats.all_presets(), ids=lambda preset: preset.name)
def test_a_preset_has_three_samples_a_source_and_a_date(preset):
    assert len(preset.samples) >= 3
    assert preset.source.startswith(("https://", "http://"))
    assert preset.checked is not None
    assert preset.title


# Any line is a text, so that only a user can say that a log is no more than that.
NOT_TEXT = [preset for preset in formats.all_presets() if preset.name != "text"]


@pytest.mark.parametrize("preset", NOT_TEXT, ids=lambda preset: preset.name)
def test_the_samples_of_a_preset_are_detected_as_it_or_as_one_that_reads_the_same(preset):
    lines = [sample.line for sample in preset.samples]
    verdict = formats.detect_format(lines)

    assert verdict.format is not None
    if preset.detected:
        assert verdict.counts[preset.name] == len(lines)
    for line in lines:
        assert formats.parse_line(verdict.format, line) == formats.parse_line(preset, line)


@pytest.mark.parametrize(
    "format_", [one for one in formats.all_presets() if one.kind is Kind.TEXT], ids=lambda one: one.name
)
def test_no_line_that_a_scanner_matches_is_held_to_lack_its_texts(format_):
    lines = {end for line in LINES for end in (line, line + " ", line[:-1], line + '"')}
    matched = {line for line in lines if scanner(format_).match(line)}

    assert len(matched) >= 3
    assert {line for line in lines if may_fit(format_, line)} >= matched


@pytest.mark.parametrize(
    "format_", [one for one in formats.all_presets() if one.kind is Kind.TEXT], ids=lambda one: one.name
)
def test_without_a_backslash_both_expressions_of_a_layout_find_the_same(format_):
    compiled = scanner(format_)
    strict, loose = (re.compile(text, re.DOTALL | re.ASCII) for text in (compiled.strict, compiled.loose))
    lines = {line.replace("\\", mark) for line in LINES for mark in ("", '"', ' "')}

    found = [(strict.fullmatch(line), loose.fullmatch(line)) for line in lines]
    assert all((a and a.groups()) == (b and b.groups()) for a, b in found)
    assert any(a is not None for a, _ in found)


@pytest.mark.parametrize("name", formats.names())
def test_samples_are_the_end_of_a_file(name):
    whole = tomllib.loads(resources.files("logstats.formats").joinpath(f"{name}.toml").read_text("utf-8"))

    assert [sample.line for sample in formats.preset(name).samples] == [
        one["line"] for one in whole["sample"]
    ]
    assert presets.from_table(whole).tokens == formats.preset(name).tokens
