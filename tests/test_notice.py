"""The notice says what the policy does, and a published one that says otherwise is named."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from logstats.policy import load_policy
from logstats.report.notice import check_notice, statements, to_html, to_markdown

POLICIES = ("default", "internal", "public", "us-state-notice")


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("write", [to_markdown, to_html], ids=["markdown", "html"])
def test_a_notice_as_written_agrees_with_its_policy(name, write) -> None:
    policy = load_policy(name)

    assert check_notice(write(policy), policy) == []


def test_a_notice_agrees_after_an_editor_wrapped_and_quoted_it() -> None:
    policy = load_policy("public")
    text = (
        "Some words before.\n\n"
        + re.sub(r" (\w+) (\w+) ", r" **\1**\n\2 ", to_markdown(policy))
        + "\nAnd after."
    )

    assert check_notice(text, policy) == []


def test_another_number_is_named_with_both() -> None:
    policy = load_policy("default")
    longer = replace(policy, retention=replace(policy.retention, raw_log_days=90))

    found = {difference.name: difference.kind for difference in check_notice(to_markdown(longer), policy)}

    assert found == {"raw logs": "the notice says 90, the policy 30"}


def test_another_version_is_named() -> None:
    policy = load_policy("default")

    found = check_notice(to_markdown(replace(policy, version="0")), policy)

    assert [difference.name for difference in found] == ["version"]


@pytest.mark.parametrize("name", [statement.name for statement in statements(load_policy("public"))])
def test_a_statement_left_out_is_named(name: str) -> None:
    policy = load_policy("public")
    gone = next(statement.text for statement in statements(policy) if statement.name == name)

    found = check_notice(to_markdown(policy).replace(gone, ""), policy)

    assert [difference.name for difference in found] == [name]


@pytest.mark.corpus
@pytest.mark.parametrize("number", range(5))
def test_a_notice_of_the_world_differs_from_the_policy(number, corpus) -> None:
    file = sorted((corpus.parent / "notices").glob("0*.txt"))[number]

    assert check_notice(file.read_text(encoding="utf-8"), load_policy("us-state-notice")) != []


def test_html_holds_no_markup_of_a_policy() -> None:
    policy = replace(load_policy("default"), id="<script>")

    assert "<script>" not in to_html(policy)
