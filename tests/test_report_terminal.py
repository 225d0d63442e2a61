"""The terminal report: fits, aligns, is safe to print and tells what is hidden."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from logstats.report import glyphs, labels, to_terminal
from logstats.report.glyphs import ASCII, UNICODE
from logstats.tables import Section, Suppressed
from tests.reports import ALL, big_report, hostile_report, make_report, make_table, small_report

COUNTED = {"hits": 5, "bot_hits": 1, "visitors": 3, "bytes_sent": 9}


def printed(report, *, width=80, terminal=False, **changes):
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, **changes)
    to_terminal.print_report(report, console)
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_no_line_is_wider_than_the_terminal(make, width):
    assert max(cell_len(line) for line in printed(make(), width=width).splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_numbers_of_a_table_end_in_the_same_column(width):
    lines = printed(big_report(), width=width).splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("  Pages "))
    block = lines[head : head + 12]
    ends = {cell_len(line.rstrip()) for line in block}

    assert len(ends) == 1, block


def test_the_three_sections_stand_in_the_words_of_the_notice():
    text = printed(big_report(5))
    places = [text.index(f"── {section.value} ─") for section in Section]

    assert places == sorted(places)


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_a_pipe_gets_no_escape_sequence(make):
    assert "\x1b" not in printed(make())


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_no_color_means_no_escape_sequence_on_a_terminal(make):
    assert "\x1b" not in printed(make(), terminal=True, no_color=True)


def test_the_variable_no_color_means_the_same(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b" not in printed(big_report(5), terminal=True)


def test_colour_adds_escape_sequences_and_changes_no_character():
    coloured = printed(hostile_report(), terminal=True, color_system="standard")
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)

    assert coloured != without
    assert [line.rstrip() for line in without.splitlines()] == printed(hostile_report()).splitlines()


def test_text_of_a_log_is_neither_markup_nor_emoji_nor_link():
    coloured = printed(hostile_report(), width=160, terminal=True, color_system="truecolor")

    assert "[bold red]markup[/] :smile: [link=x]y[/link]" in re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert "\x1b]8" not in coloured


@given(st.text(max_size=40))
def test_whatever_a_path_holds_the_terminal_gets_no_control_character(text):
    report = make_report([make_table("pages", [{"path": text, **COUNTED}])], site=text)
    output = printed(report, width=100)

    assert not labels.UNSAFE.search(output.replace("\n", ""))
    assert max(cell_len(line) for line in output.splitlines()) <= 100


def test_a_terminal_that_knows_ascii_only_gets_ascii_only():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=file, width=100)
    to_terminal.print_report(hostile_report(), console, top=50)
    text = file.buffer.getvalue().decode("ascii")

    assert "#" in text
    assert "\\u65e5" in text


def test_rows_are_ten_unless_asked_for_more():
    few, many = printed(big_report()), to_terminal.render(big_report(), top=30).decode()

    assert "and 90 more rows" in few
    assert "and 70 more rows" in many


def test_the_other_row_is_always_shown():
    assert "(other) " in to_terminal.render(big_report(), top=1).decode()


def test_a_withheld_count_is_a_dash_and_not_zero():
    line = next(line for line in printed(small_report()).splitlines() if "/about" in line)

    assert line.split()[1:] == ["–", "–", "11", "–"]


def test_a_table_that_cannot_be_shown_gives_its_reason():
    assert "not shown: too few visitors to hide the groups of under 10 (4 groups)" in printed(small_report())


def test_groups_that_are_not_listed_are_counted_in_a_sentence():
    assert "31 groups of under 10 visitors are in (other), with others that" in printed(big_report())


def test_one_group_is_spoken_of_in_the_singular():
    one = Suppressed(1, "groups of under 10 visitors are in (other), with others that hide them")
    table = make_table("pages", [{"path": "/", **COUNTED}], suppressed=one)

    assert "1 group of under 10 visitors is in (other), with others that hide it" in printed(
        make_report([table])
    )


def test_the_footer_accounts_for_every_line():
    text = printed(big_report(5), width=140)

    assert "1,050,010 read = 1,050,000 parsed + 4 blank + 6 rejected" in text
    assert "no_format 4, bad_time 1, too_long 1" in text


def test_the_footer_names_policy_and_what_was_replaced():
    text = printed(big_report(5), width=140)

    assert "default 1.0 in force since 2026-11-01, digest 3f786850e387550f" in text
    assert "{id} 40,211 · {email} 12 · {ip} 3" in text


def test_visitors_of_several_days_are_called_daily_visitors():
    assert "daily visitors" in printed(big_report(5))
    assert "daily visitors" not in printed(small_report())


def test_an_hour_chart_of_whole_days_is_not_drawn():
    assert "too few visitors to tell hours apart" in printed(small_report())


@given(st.text(), st.integers(0, 60), st.sampled_from([UNICODE, ASCII]))
def test_a_fitted_text_has_exactly_its_cells(text, cells, marks):
    assert cell_len(glyphs.fit(text, cells, marks)) == cells


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(0, 60),
    st.sampled_from([UNICODE, ASCII]),
)
def test_a_bar_never_leaves_its_cells_and_never_hides_people(people, bots, more, cells, marks):
    solid, light = glyphs.bar(people, bots, people + bots + more, cells, marks)

    assert len(solid) + len(light) <= cells
    assert bool(solid) or not (people and cells)


@given(st.lists(st.none() | st.integers(0, 10**9), max_size=40), st.integers(1, 6), st.integers(1, 5))
def test_a_column_chart_is_a_rectangle_whose_highest_column_is_full(values, height, cells):
    lines = glyphs.columns(values, height, cells, UNICODE)

    assert [len(line) for line in lines] == [len(values) * cells] * height
    assert ("█" in lines[0]) == any(values)
