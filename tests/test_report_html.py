"""The page: every number, no script, no request, nothing of a log but text, in four languages."""

import base64
import hashlib
import json
import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from logstats.pii import CLASSES
from logstats.report import LANGUAGES, to_html, to_json
from logstats.report.catalogue import UnknownLanguage, load_catalogue, read_texts
from logstats.report.page_tables import OPEN_ROWS
from tests.reports import (
    ALL,
    HOSTILE,
    big_report,
    hostile_report,
    internal_report,
    small_report,
    withheld_report,
)

DISCLOSE = Path(__file__).parent.parent / "logstats" / "disclose"


class Page(HTMLParser):
    """Tags, attributes and the texts of cells, as a browser's parser sees them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.tables, self.style, self._cell = [], [], [], "", None
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._inside = tag
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
        self._cell = tag in {"td", "th"} or (self._cell and tag == "span")

    def handle_endtag(self, tag):
        self._cell, self._inside = False, ""

    def handle_data(self, data):
        if self._inside == "style":
            self.style += data
        elif self._cell:
            self.tables[-1][-1][-1] += data.rstrip("\n")


@pytest.fixture(scope="module")
def pages():
    return {name: to_html.render(make()).decode() for name, make in ALL.items()}


def rows_of(page):
    return [row for table in page.tables for row in table]


@pytest.mark.parametrize("name", ALL)
def test_there_is_no_script_and_nothing_to_fetch(name, pages):
    page = Page(pages[name])

    assert not {"script", "link", "img", "iframe", "object", "form", "input", "base"} & set(page.tags)
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in {"style", "src", "srcset"}]
    assert {value[0] for _, name, value in page.attributes if name == "href"} <= {"#"}
    assert "url(" not in page.style
    assert "@import" not in page.style


@pytest.mark.parametrize("name", ALL)
def test_the_content_policy_names_the_style_sheet_by_its_hash(name, pages):
    page = Page(pages[name])
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policies = [value for tag, name, value in page.attributes if name == "content" and "default-src" in value]

    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_text_of_a_log_stands_in_cells_as_it_is(pages):
    names = {row[0] for row in rows_of(Page(pages["hostile"]))}

    assert set(HOSTILE) <= names


def test_text_of_a_log_makes_no_tag(pages):
    usual = set(Page(pages["big"]).tags)

    assert set(Page(pages["hostile"]).tags) <= usual


def test_the_name_of_a_hostile_site_is_text(pages):
    assert "<title>Web statistics of &lt;/title&gt;&lt;script&gt;" in pages["hostile"]


@pytest.mark.parametrize("name", ALL)
def test_every_number_of_the_json_stands_in_the_page(name, pages):
    texts = load_catalogue("en")
    cells = [tuple(row) for row in rows_of(Page(pages[name]))]
    tables = json.loads(to_json.render(ALL[name]()))["tables"]
    for name_of_table, table in tables.items():
        for row in table["rows"]:
            wanted = [texts.number(row["hits"]), texts.number(row["visitors"])]
            if name_of_table == "bots":
                wanted = [texts.number(row["hits"]), texts.bytes(row["bytes_sent"])]
            assert any(wanted[0] == cell[1] and wanted[1] in cell for cell in cells if len(cell) > 3), row


@pytest.mark.parametrize("name", ALL)
def test_every_total_stands_in_the_page(name, pages):
    texts = load_catalogue("en")
    totals = json.loads(to_json.render(ALL[name]()))["totals"]
    for total in ("hits", "visitors", "pages", "client_errors", "server_errors"):
        assert f"<dd>{texts.number(totals[total])}</dd>" in pages[name]
    assert f"<dd>{texts.bytes(totals['bytes_sent'])}</dd>" in pages[name]


@pytest.mark.parametrize("name", ALL)
def test_every_table_has_a_caption_a_head_and_scopes(name, pages):
    page = Page(pages[name])

    assert page.tags.count("table") == page.tags.count("caption") == page.tags.count("thead")
    scopes = [value for tag, attribute, value in page.attributes if (tag, attribute) == ("th", "scope")]
    assert len(scopes) == page.tags.count("th")
    assert set(scopes) <= {"row", "col"}


@pytest.mark.parametrize("name", ALL)
def test_headings_go_down_one_step_at_a_time(name, pages):
    levels = [int(tag[1]) for tag in Page(pages[name]).tags if re.fullmatch("h[1-6]", tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


@pytest.mark.parametrize("name", ALL)
def test_ids_are_unique_and_links_lead_somewhere(name, pages):
    attributes = Page(pages[name]).attributes
    ids = [value for _, attribute, value in attributes if attribute == "id"]

    assert len(ids) == len(set(ids))
    assert {v for _, attribute, v in attributes if attribute == "aria-labelledby"} <= set(ids)
    assert {v[1:] for _, attribute, v in attributes if attribute == "href"} <= set(ids)


def test_a_page_of_20_tables_of_100_rows_is_under_300_kilobytes():
    tables = {f"t{i}": big_report(100).tables["pages"] for i in range(20)}

    assert len(to_html.render(replace(big_report(), tables=tables))) < 300_000


def test_rows_beyond_the_first_ten_are_in_details(pages):
    page = pages["big"]
    details = page[page.index("<details>", page.index("<h3>Pages")) :]

    assert page.index("90 more rows") > page.index("(other)")
    assert details.index("/documents/050") > 0
    assert OPEN_ROWS == 10


def test_a_withheld_count_is_a_dash(pages):
    row = next(row for row in rows_of(Page(pages["small"])) if row[0] == "/about")

    assert row[1:] == ["–", "–", "–", "11", "–"]


def test_a_table_that_cannot_be_shown_says_why(pages):
    assert "This table is not shown, because its numbers could point to single visitors." in pages["small"]
    assert "Reason: too few visitors to hide the groups of under 10." in pages["small"]


def test_a_period_that_cannot_be_shown_says_so(pages):
    assert "Fewer than 10 visitors on each day of the period" in pages["withheld"]


def test_an_uncontrolled_page_is_marked_once():
    page = to_html.render(internal_report()).decode()

    assert page.count("INTERNAL - not disclosure controlled") == 1
    assert "so that nobody can be recognised" not in page
    assert "no single visitor can be found" not in page
    assert "single visitors may be recognised: not for publication" in page


def test_what_is_not_drawn_is_not_folded_away(pages):
    small = pages["small"]

    assert "Too few visitors to tell hours apart." in small
    assert "<details>" not in small
    assert ["whole day", "212", "100.0%", "40", "30", "1.20\u00a0MB"] in rows_of(Page(small))


def test_the_footer_accounts_for_lines_and_policy(pages):
    assert "1,050,010 read = 1,050,000 parsed + 4 blank + 6 rejected" in pages["big"]
    assert "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed" in pages["big"]
    assert "Policy default, version 1.0, in force since November 1, 2026" in pages["big"]


def leaves(texts, prefix=""):
    for name, value in texts.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(str(text)) if name}


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_every_language_has_every_text_with_the_same_fields(lang):
    english = dict(leaves(read_texts("en")))
    other = dict(leaves(read_texts(lang)))

    assert {name for name in english if not name.startswith("names.(")} <= other.keys()
    assert all(fields(other[name]) == fields(english[name]) for name in english)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_knows_every_sentence_of_disclose(lang):
    known = read_texts(lang)["why"]
    said = set()
    for path in DISCLOSE.glob("*.py"):
        for sentence in re.findall(r'(?:reason|sentence) = f?"([^"]+)"', path.read_text()):
            said.add(sentence.replace("{rule.k}", "{k}"))

    assert said
    assert said <= known.keys()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_names_every_class_of_personal_data(lang):
    assert set(CLASSES) <= read_texts(lang)["classes"].keys()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ALL)
def test_every_language_renders_every_report(lang, name):
    page = to_html.render(ALL[name](), lang=lang).decode()

    assert f'<html lang="{lang}">' in page
    assert load_catalogue(lang).text("footer.title") in page


def test_numbers_and_dates_are_those_of_the_language():
    page = to_html.render(big_report(5), lang="de").decode()

    assert "1.050.000" in page
    assert "1. Oktober 2026 bis 31. Oktober 2026, 31 Tage" in page
    assert "51,2\u00a0GB" in page
    assert "Vereinigte Staaten" in page


def test_reasons_are_in_the_language_too():
    assert "mit weniger als 10 zu verbergen" in to_html.render(small_report(), lang="de").decode()
    assert "nichts davon wird gezeigt" in to_html.render(withheld_report(), lang="de").decode()


def test_an_unknown_language_is_a_usage_error_that_names_the_known_ones():
    with pytest.raises(UnknownLanguage, match="--lang tlh: no such language; there are en, de, fr, es"):
        to_html.render(small_report(), lang="tlh")


def test_hostile_text_is_the_same_in_every_language():
    names = [
        {row[0] for row in rows_of(Page(to_html.render(hostile_report(), lang=la).decode()))}
        for la in LANGUAGES
    ]

    assert all(set(HOSTILE) <= found for found in names)


@pytest.mark.parametrize("name", ALL)
def test_no_card_stands_beside_nothing(name, pages):
    """Narrow cards come in pairs on a wide screen."""
    for section in pages[name].split("<section")[1:]:
        widths = "".join(
            "w" if " wide" in found else "n" for found in re.findall(r'class="card(| [^"]*)"', section)
        )

        assert all(len(run) % 2 == 0 for run in widths.split("w")), widths
