"""The paragraph of a privacy notice that the policy in force keeps true, and what differs in a published one.

Each statement is a plain sentence made from the policy's numbers; a published
notice is held against the same sentences, number by number.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from logstats.frozen import frozen
from logstats.policy import Policy

TITLE: Final = "Information collected automatically"
_NUMBER: Final = re.compile(r"\d[\d,]*")


@frozen
class Statement:
    """One thing the notice says: `name` for messages, `heading` True where a list begins."""

    name: str
    text: str
    item: bool = False


@frozen
class Difference:
    """What a published notice does not say as the policy in force does."""

    name: str
    kind: str


def statements(policy: Policy) -> tuple[Statement, ...]:
    """Return what the notice says, in order, from the numbers in force."""
    return (
        Statement(
            "version",
            f"Policy {policy.id}, version {policy.version}, in effect since {policy.effective.isoformat()}.",
        ),
        Statement("collected", "When you visit this site, our web server records, for every request:"),
        Statement("address", "the Internet address or domain from which you reach us;", item=True),
        Statement("browser", "the type of browser and operating system that you use;", item=True),
        Statement("time", "the date and time;", item=True),
        Statement(
            "page", "the page or file asked for, whether it exists, and how many bytes were sent;", item=True
        ),
        Statement("referrer", "the site from which you followed a link to us, if you did.", item=True),
        Statement(
            "use",
            "We use this only for summary statistics: to see what is of most interest to visitors, to decide "
            "on the technical design of the site, and to find problems of performance.",
        ),
        Statement("network", _network(policy)),
        Statement("queries", _queries(policy)),
        Statement("small groups", _groups(policy)),
        *_rounding(policy),
        Statement(
            "not reported",
            "Nothing in these statistics reveals your name, address, e-mail address, telephone number, "
            "social security number, password, bank account or card, "
            "nor a combination such as birth date, zip code and gender.",
        ),
        Statement("raw logs", _raw_logs(policy)),
        Statement(
            "statistics kept", f"Stored daily counts are deleted after {policy.retention.store_days} days."
        ),
        Statement(
            "changes",
            "When this policy changes, it gets a new version and date; "
            "every statistic names those it was made under.",
        ),
    )


def _network(policy: Policy) -> str:
    if "truncate" in policy.addresses.report_modes and policy.addresses.networks_table:
        return (
            f"Of your address, statistics show at most the network, its first "
            f"{policy.addresses.ipv4_bits} bits "
            f"({policy.addresses.ipv6_bits} bits for IPv6), together with all others in it."
        )
    return (
        "No part of your address stands in the statistics; "
        "it is used in memory to count visitors and is then forgotten."
    )


def _queries(policy: Policy) -> str:
    if not policy.paths.keep_params:
        return "What you typed into a search or a form is removed before anything is counted."
    names = ", ".join(policy.paths.keep_params)
    return f"Of what follows a question mark in a page's address, only these parameters are counted: {names}."


def _groups(policy: Policy) -> str:
    if policy.disclosure.k == 1:
        return "The statistics are for the staff of the site alone; small groups are not hidden in them."
    return (
        "A page, a browser or any other group with fewer than "
        f"{policy.disclosure.k} visitors a day is not shown by itself."
    )


def _rounding(policy: Policy) -> tuple[Statement, ...]:
    if policy.disclosure.round_visitors == 1:
        return ()
    text = f"Numbers of visitors are rounded to multiples of {policy.disclosure.round_visitors}."
    return (Statement("rounding", text),)


def _raw_logs(policy: Policy) -> str:
    days = policy.retention.raw_log_days
    if days == 0:
        return "The records themselves are deleted as soon as they are counted."
    return f"The records themselves are deleted after {days} days at most."


def to_markdown(policy: Policy) -> str:
    """Return the section as Markdown."""
    return f"## {TITLE}\n\n" + "\n".join(_markdown(statements(policy))) + "\n"


def _markdown(said: tuple[Statement, ...]) -> Iterator[str]:
    before = False
    for statement in said:
        if before and not statement.item:
            yield ""
        yield f"- {statement.text}" if statement.item else statement.text
        if not statement.item:
            yield ""
        before = statement.item


def to_html(policy: Policy) -> str:
    """Return the section as HTML to be put into a page: no style, no script."""
    lines = ['<section id="information-collected-automatically">', f"<h2>{TITLE}</h2>"]
    listing = False
    for statement in statements(policy):
        if statement.item != listing:
            lines.append("<ul>" if statement.item else "</ul>")
            listing = statement.item
        text = html.escape(statement.text)
        lines.append(f"<li>{text}</li>" if statement.item else f"<p>{text}</p>")
    return "\n".join([*lines, "</section>"]) + "\n"


def check_notice(published: str, policy: Policy) -> list[Difference]:
    """Return what a published notice (Markdown, HTML or text) says otherwise than the policy in force.

    A sentence with another number is named with both numbers; a sentence that is
    missing or worded otherwise is named too, since nobody but a person can judge it.
    """
    plain = _plain(published)
    return [found for statement in statements(policy) if (found := _difference(statement, plain)) is not None]


def _difference(statement: Statement, plain: str) -> Difference | None:
    wanted = _plain(statement.text)
    if wanted in plain:
        return None
    if statement.name == "version":
        return Difference(statement.name, f"the notice does not say `{statement.text}`")
    parts = _NUMBER.split(wanted)
    if len(parts) > 1 and (match := re.search(r"(\d[\d,]*)".join(re.escape(part) for part in parts), plain)):
        pairs = zip(_NUMBER.findall(wanted), match.groups(), strict=True)
        said = "; ".join(
            f"the notice says {there}, the policy {here}" for here, there in pairs if here != there
        )
        return Difference(statement.name, said)
    return Difference(statement.name, f"the notice does not say `{statement.text}`")


def _plain(text: str) -> str:
    """Return text without markup, in one case and with single blanks."""
    bare = html.unescape(re.sub(r"<[^>]{0,500}>", " ", text))
    bare = re.sub(r"^[\s>*+-]+|[*_`#\\]", " ", bare, flags=re.MULTILINE)
    bare = bare.translate(str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2011", "''\"\"--"))
    return re.sub(r"\s+([,.;:])", r"\1", " ".join(bare.lower().replace("-", " ").split()))
