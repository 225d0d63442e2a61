"""Cells and pairs of a facet: counted once each, however they come; rolled up into rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.aggregate import OpenDays
from logstats.keying import FACET_CODES, Keyer
from logstats.pairs import CELLS
from logstats.rollup import FACET_LABELS, SOURCES, close_facets
from logstats.seeds import Seeds
from tests.hits import AGENTS, REFERRERS, Hit, day_of, enriched_batch, hits

SEEDS = Seeds()
few = settings(max_examples=20)


@few
@given(st.lists(hits, min_size=1, max_size=30))
def test_a_token_is_of_one_visitor_on_one_day(wanted: list[Hit]) -> None:
    keyed = Keyer(SEEDS).key_hits(enriched_batch(wanted, SEEDS))
    visitors = [(day_of(hit), hit.client, hit.agent) for hit in wanted]
    tokens = keyed["token"].to_list()

    assert len(set(zip(visitors, tokens, strict=True))) == len(set(visitors)) == len(set(tokens))
    assert keyed["day"].to_list() == [visitor[0] for visitor in visitors]


@few
@given(st.lists(hits, min_size=1, max_size=30))
def test_on_a_day_a_key_is_of_one_group_of_labels(wanted: list[Hit]) -> None:
    keyed = Keyer(SEEDS).key_hits(enriched_batch(wanted, SEEDS))
    groups: dict[str, list[Any]] = {
        "hours": [hit.hour for hit in wanted],
        "requests": [(hit.path, hit.status if hit.status >= 400 else None) for hit in wanted],
        "referrers": [REFERRERS[hit.referrer] for hit in wanted],
        "profiles": [AGENTS[hit.agent] for hit in wanted],
    }
    days = [hit.day for hit in wanted]
    for facet, found in groups.items():
        labels = list(zip(days, found, strict=True))
        keys = list(zip(days, keyed[facet], strict=True))

        assert len(set(zip(labels, keys, strict=True))) == len(set(labels)) == len(set(keys))


def test_every_facet_has_its_labels_and_codes() -> None:
    assert set(FACET_LABELS) == set(FACET_CODES)
    assert {source.facet for source in SOURCES.values()} <= set(FACET_LABELS)


@few
@given(st.lists(hits, min_size=1, max_size=30))
def test_merged_facets_have_one_row_a_cell_and_a_pair(wanted: list[Hit]) -> None:
    days = OpenDays(SEEDS)
    for hit in wanted:
        days.count(enriched_batch([hit], SEEDS))
    summary = days.close(("pages",))
    people = Counter(
        day_of(hit)
        for hit in {
            (hit.day, hit.client, hit.agent): hit for hit in wanted if AGENTS[hit.agent][5] is None
        }.values()
    )

    assert dict(summary.days.filter(pl.col("visitors") > 0).select("day", "visitors").rows()) == people
    for facet in days.facets.values():
        assert facet.is_merged
        assert not facet.cells[0]["cell"].is_duplicated().any()
        assert not facet.pairs[0].between(0, CELLS).select("cell", "token").is_duplicated().any()


def test_only_the_tables_asked_for_are_made() -> None:
    days = OpenDays(SEEDS)
    days.count(enriched_batch([Hit()], SEEDS))
    days.close(())

    assert set(close_facets(days.facets, ("pages",)).tables) == {"pages", "hours", "weekday_hours", "bots"}


@few
@given(st.lists(hits, min_size=1, max_size=30), st.integers(1, 3))
def test_a_visitor_of_several_folded_values_is_one_visitor(wanted: list[Hit], most: int) -> None:
    days = OpenDays(SEEDS, max_keys=most, max_cells=most)
    days.count(enriched_batch(wanted, SEEDS))
    days.close(())

    for facet in days.facets.values():
        assert not facet.pairs[0].between(0, CELLS).select("cell", "token").is_duplicated().any()
