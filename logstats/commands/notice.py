"""`logstats policy notice`: the paragraph for a privacy notice, and what differs in a published one."""

from __future__ import annotations

from pathlib import Path

import click

from logstats.errors import CheckFailed, InputError


@click.command("notice")
@click.argument("name", metavar="NAME|FILE", default="default")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html"]), default="markdown", show_default=True
)
@click.option(
    "--check",
    "published",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare a published notice.",
)
def notice(name: str, form: str, published: Path | None) -> None:
    """Write what a privacy notice can say under a policy, or compare a published one with it."""
    from logstats.policy import load_policy
    from logstats.report.notice import check_notice, to_html, to_markdown

    policy = load_policy(name)
    if published is None:
        click.echo(to_html(policy) if form == "html" else to_markdown(policy), nl=False)
        return
    try:
        text = published.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{published}: cannot be read ({error.strerror})") from None
    found = check_notice(text, policy)
    for difference in found:
        click.echo(f"{published}: {difference.name}: {difference.kind}")
    if found:
        raise CheckFailed(
            f"{published}: {len(found)} statements differ from policy {policy.id} {policy.version}"
        )
    click.echo(f"{published}: says what policy {policy.id} {policy.version} does")
