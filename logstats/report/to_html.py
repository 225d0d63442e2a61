"""A report as one HTML file: no script, no request, a strict content policy.

The style sheet is named by its hash in the policy, so that nothing that came
from a log could bring a style of its own; text of a log only ever stands
between tags, escaped.

Source: W3C Content Security Policy level 3, section 6.7.3 (hashes).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from typing import Final

from jinja2 import Environment, StrictUndefined

from logstats.report.catalogue import load_catalogue
from logstats.report.page import Page, make_page
from logstats.tables import Report

POLICY: Final = "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def render(report: Report, *, lang: str = "en") -> bytes:
    """Return the page as UTF-8, below 300 KB for 20 tables of 100 rows.

    Raises:
        UnknownLanguage: There is no catalogue of this language.
    """
    texts = load_catalogue(lang)
    page = make_page(report, texts)
    style = _style(page)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    template = environment.from_string(_read("report.html.jinja"))
    html = template.render(
        page=page, lang=lang, text=texts.text, style=style, content_policy=POLICY.format(digest=digest)
    )
    return html.encode("utf-8", "xmlcharrefreplace")


def _style(page: Page) -> str:
    """Return the style sheet with a class for each length of bar that the page has."""
    cards = [card for section in page.sections for card in section.cards]
    marks = {
        mark for card in cards for row in (*card.rows, *card.others, *card.more) for mark in row.marks.split()
    }
    lengths = [f".{mark}{{--{mark[0]}:{mark[1:]}%}}" for mark in sorted(marks)]
    heads = {card.layout: card.heads for card in cards}
    return _read("report.css") + "".join(lengths) + "".join(_stacked(*item) for item in sorted(heads.items()))


def _stacked(layout: str, heads: Sequence[str]) -> str:
    """Return what a narrow card writes before each number, since its head is out of sight."""
    rules = (
        f".{layout} td:nth-of-type({i}){{--n:{json.dumps(head, ensure_ascii=True)}}}"
        for i, head in enumerate(heads, 1)
    )
    return "".join(rules)


def _read(name: str) -> str:
    return resources.files("logstats.report").joinpath("templates", name).read_text(encoding="utf-8")
