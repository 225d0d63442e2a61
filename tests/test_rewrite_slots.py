"""What stands for the personal values of lines is found once, and a line never lacks any."""

from __future__ import annotations

import polars as pl
import pytest

from logstats.policy import load_policy
from logstats.redact import TRUNCATE, LineMasks
from logstats.rewrite import Rewriter
from logstats.rewrite_line import Filler
from logstats.rewrite_line.slots import Planned, Slot, What
from tests.hits import COMBINED

LINE = b'192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "x"\n'


class Asked(LineMasks):
    """Masks that note for what they were asked, and have nothing for paths."""

    asked: list[str]

    def mask_referrers(self, referrers: pl.Series) -> pl.Series:
        self.asked += referrers.to_list()
        return LineMasks.mask_referrers(self, referrers)

    def mask_targets(self, paths: pl.Series, queries: pl.Series | None) -> pl.Series:
        return pl.repeat(None, len(paths), dtype=pl.String, eager=True)


def asked_masks() -> Asked:
    found = Asked(load_policy("default"), TRUNCATE, (16, 32), lambda _: b"")
    found.asked = []
    return found


def test_a_short_value_of_odd_lines_is_masked_once() -> None:
    found = asked_masks()
    filler = Filler(found)
    short, long = "https://example.org/a", "https://example.org/" + "a" * 300
    plan = Planned((*(Slot(What.REFERRER, text, str) for text in (short, long)), "x"), None)
    written = [text for _ in range(2) for text in filler.fill([plan, plan])]

    assert written == ["https://example.org/https://example.org/x"] * 4
    assert found.asked == [short, long, long]


def test_a_request_for_which_nothing_is_written_ends_the_run() -> None:
    with pytest.raises(ValueError, match="nothing is written"):
        Rewriter(asked_masks()).rewrite_block(LINE, COMBINED)
