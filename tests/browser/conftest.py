"""A Chromium without a network, and every report as a file to open in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from logstats.report import write_report
from tests.programs import find_program, missing
from tests.reports import ALL, big_report
from tests.waiting import PATIENCE_SECONDS

PATIENCE_MS = PATIENCE_SECONDS * 1000
REPORTS = {**ALL, "short": lambda: big_report(14)}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container may have little of it
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    chromium = find_program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=QUIET, timeout=PATIENCE_MS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def page_of(tmp_path_factory) -> Callable[[str], Path]:
    """Write a report as a page when it is first asked for: `big`, or `big-de` for another language."""
    directory = tmp_path_factory.mktemp("pages")

    @cache
    def write(name: str) -> Path:
        report, _, lang = name.partition("-")
        path: Path = directory / f"{name}.html"
        write_report(REPORTS[report](), path, lang=lang or "en")
        return path

    return write


@pytest.fixture
def opened(browser, page_of) -> Callable[..., object]:
    """Open a report: `with opened("big", width=320, scheme="dark") as page`; `page.said` is what it said."""

    @contextmanager
    def open_page(name: str, *, width: int = 1280, scheme: str = "light", **options) -> Iterator[object]:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: page.said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: page.said.append(f"dialog: {dialog.message}"))
        address = page_of(name).as_uri()
        page.on(
            "request",
            lambda request: page.said.append(f"request: {request.url}") if request.url != address else None,
        )
        page.goto(address)
        yield page
        context.close()

    return open_page
