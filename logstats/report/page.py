"""What stands on the page: figures, charts and tables, in words of one language.

Plain values only; how they look is in templates/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest

from logstats import __version__
from logstats.frozen import frozen
from logstats.report import labels
from logstats.report.catalogue import Catalogue
from logstats.report.page_tables import Card, make_card
from logstats.schema import BOT_HITS, BYTES_SENT, HITS, VISITORS
from logstats.tables import OTHER, Report, Section


@frozen
class PageSection:
    """One of the three purposes, with its cards."""

    id: str
    title: str
    cards: tuple[Card, ...]


@frozen
class Page:
    """Everything the template shows."""

    title: str
    period: str
    policy: str
    marking: str
    figures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    intro: str
    sections: tuple[PageSection, ...]
    footer: tuple[tuple[str, str], ...]


def make_page(report: Report, texts: Catalogue) -> Page:
    """Return the page of a report in the language of the catalogue."""
    site = labels.visible(report.site) if report.site else ""
    k = report.policy.get("k", 1)
    return Page(
        title=texts.text("page.title_of", site=site) if site else texts.text("page.title"),
        period=_period(report, texts),
        policy=_policy(report, texts),
        marking=labels.visible(str(report.policy.get("marking") or "")),
        figures=tuple(_figures(report, texts)),
        notes=tuple(texts.why(note, k) for note in labels.notes_of(report)),
        intro=_intro(k, texts),
        sections=tuple(_sections(report, texts)),
        footer=tuple(_footer(report, texts)),
    )


def _intro(k: int, texts: Catalogue) -> str:
    """Return what the page promises; without a least size of groups it promises nothing."""
    counts = texts.text("page.intro")
    if k <= 1:
        return f"{counts} {texts.text('page.uncontrolled')}"
    small = texts.text("page.small", k=texts.number(k), other=texts.word("names", OTHER))
    return f"{counts} {texts.text('page.safe')} {small}"


def _period(report: Report, texts: Catalogue) -> str:
    period = report.period
    if period.first is None or period.last is None:
        return texts.text("page.no_hits")
    zone = texts.text("page.timezone", zone=period.timezone)
    if period.first == period.last:
        return f"{texts.day(period.first)}, {zone}"
    span = texts.text("page.period", first=texts.day(period.first), last=texts.day(period.last))
    return f"{span}, {texts.plural('page.days', period.days)}, {zone}"


def _policy(report: Report, texts: Catalogue) -> str:
    policy = report.policy
    effective = policy.get("effective")
    if isinstance(effective, str):
        try:
            effective = date.fromisoformat(effective)
        except ValueError:
            return labels.policy_text(report)
    since = texts.day(effective) if isinstance(effective, date) else labels.policy_text(report)
    values = {"id": policy.get("id"), "version": policy.get("version"), "effective": since}
    return labels.visible(texts.text("page.policy", **values))


def _figures(report: Report, texts: Catalogue) -> Sequence[tuple[str, str]]:
    totals = report.totals
    visitors = "daily_visitors" if report.period.days > 1 else VISITORS
    share = texts.share(totals.get(BOT_HITS), totals.get(HITS))
    return [
        (texts.text("figures.hits"), texts.number(totals.get(HITS))),
        (texts.text(f"figures.{visitors}"), texts.number(totals.get(VISITORS))),
        (texts.text("figures.pages"), texts.number(totals.get("pages"))),
        (texts.text("figures.bytes_sent"), texts.bytes(totals.get(BYTES_SENT))),
        (texts.text("figures.bot_hits"), share),
        (texts.text("figures.client_errors"), texts.number(totals.get("client_errors"))),
        (texts.text("figures.server_errors"), texts.number(totals.get("server_errors"))),
    ]


def _sections(report: Report, texts: Catalogue) -> Sequence[PageSection]:
    sections = []
    for section in Section:
        tables = [table for table in report.tables.values() if table.section is section]
        cards = tuple(_paired([make_card(report, table, texts) for table in tables]))
        if cards:
            title = texts.word("sections", section.name, section.value)
            sections.append(PageSection(section.name.lower(), title, cards))
    return sections


def _paired(cards: Sequence[Card]) -> Iterator[Card]:
    """Yield the cards; one that would stand beside nothing takes the room of two."""
    beside = False
    for card, after in zip_longest(cards, cards[1:]):
        beside = not card.wide and not beside
        yield replace(card, alone=beside and (after is None or after.wide))


def _footer(report: Report, texts: Catalogue) -> Sequence[tuple[str, str]]:
    hidden = sum(table.suppressed.groups for table in report.tables.values() if table.suppressed is not None)
    replaced = sorted(report.replaced.items(), key=lambda item: (-item[1], item[0]))
    classes = [
        f"{texts.number(n)} {texts.word('classes', labels.visible(name))}" for name, n in replaced if n
    ]
    nothing = texts.text("footer.nothing")
    entries = {
        "period": _period(report, texts),
        "lines": _lines(report, texts),
        "policy": _policy(report, texts),
        "digest": str(report.policy.get("digest") or labels.count_text(None)),
        "hidden": texts.plural("footer.hidden_text", hidden) if hidden else nothing,
        "replaced": ", ".join(classes) or nothing,
    }
    if report.period.days > 1:
        entries["visitors"] = texts.text("footer.visitors_text")
    if report.ledger:
        entries["ledger"] = ", ".join(f"{name} {value}" for name, value in report.ledger.items())
    entries["generated"] = texts.moment(report.generated)
    entries["tool"] = f"logstats {__version__}"
    return [(texts.text(f"footer.{name}"), labels.visible(value)) for name, value in entries.items()]


def _lines(report: Report, texts: Catalogue) -> str:
    lines = report.lines
    counts = {"read": lines.read, "parsed": lines.parsed, "blank": lines.blank}
    numbers = {name: texts.number(n) for name, n in counts.items()}
    text = texts.text("footer.lines_text", **numbers, rejected=texts.number(lines.rejected.total()))
    reasons = sorted(lines.rejected.items(), key=lambda item: (-item[1], item[0]))
    if reasons:
        parts = (f"{texts.word('reasons', name)} {texts.number(n)}" for name, n in reasons)
        text += f" ({', '.join(parts)})"
    return text + (
        f"; {texts.text('footer.filtered', n=texts.number(lines.filtered))}" if lines.filtered else ""
    )
