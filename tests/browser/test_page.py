"""What a browser, a keyboard, a screen reader and a printer make of the page."""

import subprocess

import pytest

from tests.programs import find_program
from tests.reports import ALL, HOSTILE
from tests.waiting import wait_until

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore::ResourceWarning")]

OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
RUN_AXE = """() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
    'best-practice']}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html)))"""


@pytest.mark.parametrize("name", [*ALL, "big-de"])
def test_the_page_says_nothing_and_asks_for_nothing(name, opened):
    with opened(name) as page:
        page.evaluate(OPEN_ALL)
        page.wait_for_timeout(50)

        assert page.said == []
        assert page.evaluate("document.querySelector('h1').getBoundingClientRect().height") > 20


def refused(page):
    return [said for said in page.said if "Content Security Policy" in said]


def test_the_content_policy_is_in_force(opened):
    with opened("small") as page:
        page.evaluate(
            "document.body.appendChild(Object.assign(document.createElement('img'), {src: 'x.png'}))"
        )
        page.evaluate("document.body.setAttribute('style', 'color: red')")
        # What the page says comes in while the browser is asked something.
        wait_until(lambda: page.evaluate("true") and len(refused(page)) >= 2, "two refusals")

        assert len(refused(page)) == 2
        assert page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"


def test_the_style_sheet_is_applied(opened):
    with opened("small") as page:
        assert page.evaluate("getComputedStyle(document.querySelector('.figures')).display") == "grid"


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("short", 1280, "light"),
        ("short", 320, "dark"),
        ("small", 320, "dark"),
        ("hostile", 1280, "light"),
        ("withheld", 1280, "dark"),
        ("empty", 320, "light"),
        ("internal", 1280, "dark"),
        ("small-de", 1280, "light"),
    ],
)
def test_axe_has_no_finding(name, width, scheme, opened, axe):
    with opened(name, width=width, scheme=scheme) as page:
        page.evaluate(OPEN_ALL)
        page.evaluate(axe)

        assert page.evaluate(RUN_AXE) == []


@pytest.mark.parametrize("name", [*ALL, "big-de", "big-fr"])
def test_the_page_never_scrolls_sideways(name, opened):
    with opened(name) as page:
        page.evaluate(OPEN_ALL)
        for width in (320, 480, 768, 1024, 1280, 1920, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 1280])
def test_no_number_is_cut_or_drawn_over_another(width, opened):
    with opened("big", width=width) as page:
        page.evaluate(OPEN_ALL)
        spilt = page.evaluate(
            """[...document.querySelectorAll('td, .t th, dd')].filter(
                   cell => cell.clientWidth && cell.scrollWidth > cell.clientWidth + 1
                       && !cell.closest('thead') && !cell.closest('.heat')).map(cell => cell.textContent)"""
        )

        assert spilt == []


def test_hostile_text_is_shown_as_text(opened):
    with opened("hostile") as page:
        page.evaluate(OPEN_ALL)
        names = page.evaluate("[...document.querySelectorAll('tbody th')].map(th => th.textContent.trim())")

        assert set(HOSTILE) <= set(names)
        assert page.said == []
        assert page.evaluate("document.querySelectorAll('script, img, a[href^=http]').length") == 0


def test_right_to_left_text_stays_in_its_cell(opened):
    with opened("hostile") as page:
        places = page.evaluate(
            """[...document.querySelectorAll('tbody tr')].slice(0, 40).map(row =>
                   [...row.children].map(cell => cell.getBoundingClientRect().x))"""
        )

        assert all(row == sorted(row) for row in places)


def test_the_keyboard_reaches_everything(opened):
    with opened("big") as page:
        page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.className")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        for _ in range(3):
            page.keyboard.press("Tab")
        kind = page.evaluate("document.activeElement.tagName")
        page.keyboard.press("Enter")

        assert first == "skip"
        assert kind == "SUMMARY"
        assert page.evaluate("document.activeElement.parentElement.open")


@pytest.mark.parametrize("width", [320, 1280])
def test_a_screen_reader_finds_tables_with_names_and_heads(width, opened):
    with opened("big", width=width) as page:
        heard = page.locator("article", has_text="/services/permits").first.aria_snapshot()

        assert "table" in heard
        assert 'heading "Pages" [level=3]' in heard
        assert 'rowheader "/services/permits"' in heard
        assert "columnheader" in heard
        assert 'cell "26,878"' in heard


def test_a_chart_is_told_in_a_sentence(opened):
    with opened("big") as page:
        assert page.get_by_role("img", name="Hits: at most 92,608 (Oct 14, 2026)").count() == 1


def test_zoomed_to_twice_the_size_text_still_fits(opened):
    with opened("big", width=640) as page:
        page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")

        assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_every_printed_page_of_a_table_has_its_head(opened, tmp_path):
    pdftotext = find_program("pdftotext")
    with opened("big") as page:
        page.pdf(path=tmp_path / "big.pdf", format="A4")
    text = subprocess.run(
        [pdftotext, "-layout", str(tmp_path / "big.pdf"), "-"], capture_output=True, check=True, text=True
    ).stdout
    with_rows = [page for page in text.split("\f") if "/documents/0" in page or "/old/page-" in page]

    assert len(with_rows) >= 5
    assert all("Hits" in page and "Daily visitors" in page for page in with_rows)
    assert "/documents/093" in text  # rows that are folded away on the screen
    assert "How this was made" in text
