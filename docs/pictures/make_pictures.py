"""Make the pictures of the README: the page and the terminal, of the log in fixtures/demo.

Needs playwright and a Chromium: `python docs/pictures/make_pictures.py`.
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI

from logstats.enrich import Scope
from logstats.jobs import Logs
from logstats.pipeline import Rules, report_logs
from logstats.policy import load_policy
from logstats.report import write_report
from logstats.report.to_terminal import print_report
from logstats.tables import Report

HERE = Path(__file__).parent
LOG = HERE.parent.parent / "fixtures" / "demo" / "access.log.gz"
WIDTH = 100  # cells of the terminal
LINES = 46  # of the terminal; the picture ends there
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FRAME = """<!doctype html><meta charset="utf-8"><style>{stylesheet}
body {{ margin: 0; padding: 16px 20px; background: #10151c; color: #d7dde6; width: max-content }}
pre {{ margin: 0; font: 15px/19px "DejaVu Sans Mono", monospace }}</style><pre>{code}</pre>"""


def draw_terminal(report: Report) -> str:
    """Return the first lines of the terminal report as a page, in the colours of a terminal."""
    console = Console(record=True, force_terminal=True, width=WIDTH, file=io.StringIO(), highlight=False)
    print_report(report, console)
    html = console.export_html(theme=MONOKAI, code_format=FRAME, inline_styles=False)
    head, code = html.split("<pre>")
    return head + "<pre>" + "\n".join(code.removesuffix("</pre>").split("\n")[:LINES]) + "</pre>"


def take_pictures(browser: Browser, report: Report, directory: Path) -> None:
    """Write page.png, page-dark.png, phone.png and terminal.png."""
    write_report(report, directory / "report.html")
    (directory / "terminal.html").write_text(draw_terminal(report), encoding="utf-8")
    for name, source, width, height, scheme in (
        ("page", "report", 1280, 1000, "light"),
        ("page-dark", "report", 1280, 1000, "dark"),
        ("phone", "report", 390, 844, "light"),
        ("terminal", "terminal", 960, 900, "dark"),
    ):
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto((directory / f"{source}.html").as_uri())
        page.screenshot(path=HERE / f"{name}.png", full_page=source == "terminal")


def main() -> None:
    """Make all pictures."""
    rules = Rules(load_policy("default"), Scope("UTC", None, None, "apart"), None)
    report = report_logs(Logs((str(LOG),)), rules)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        take_pictures(browser, report, Path(directory))
        browser.close()


if __name__ == "__main__":
    main()
