"""`logstats policy`: what is promised, shown and checked."""

from __future__ import annotations

import json

import click

from logstats.commands.notice import notice
from logstats.policy import list_policies, load_policy


@click.group()
def policy() -> None:
    """Show and check policies: the numbers behind a site's promise."""


@policy.command("list")
def list_command() -> None:
    """List the built-in policies."""
    for found in list_policies():
        click.echo(f"{found.id:<16} k = {found.disclosure.k:<3} {found.title}")


@policy.command("show")
@click.argument("name", metavar="NAME|FILE")
def show_command(name: str) -> None:
    """Print every number in force as JSON, bases included."""
    found = load_policy(name)
    promises = [{"says": p.says, "does": p.does, "checks": p.checks} for p in found.promises]
    document = found.stamp() | {"extends": found.extends, "sites": list(found.sites), "promises": promises}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@policy.command("check")
@click.argument("names", metavar="NAME|FILE...", nargs=-1, required=True)
def check_command(names: tuple[str, ...]) -> None:
    """Check policy files; a key or value that cannot be meant is named."""
    for name in names:
        found = load_policy(name)
        click.echo(f"{name}: {found.id} {found.version} of {found.effective}, digest {found.digest}")


policy.add_command(notice)
