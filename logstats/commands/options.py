"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from logstats.domains import read_host_name

_F = TypeVar("_F", bound=Callable[..., Any])
_AGO: Final = re.compile(r"([0-9]{1,4})d")


class Day(click.ParamType[date]):
    """A day: 2026-02-01, or 7d for seven days ago (UTC)."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401
        """Return the date that is meant."""
        if isinstance(value, date):
            return value
        if ago := _AGO.fullmatch(str(value)):
            return datetime.now(UTC).date() - timedelta(days=int(ago[1]))
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is no day; write 2026-02-01, or 7d for seven days ago", param, ctx)


class Zone(click.ParamType[str]):
    """A time zone by its IANA name."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Return the name of a zone that exists."""
        try:
            return ZoneInfo(str(value)).key
        except (KeyError, ValueError, OSError):
            self.fail(f"{value} is no time zone; write a name such as Europe/Berlin", param, ctx)


def store_option(what: str) -> Callable[[_F], _F]:
    """Return what adds the option --store, without which the command does nothing."""
    path = click.Path(path_type=Path)
    return click.option("--store", "directory", required=True, type=path, metavar="DIR", help=what)


def read_host(text: str) -> str:
    """Return a host name of a site as it stands in logs: lower case, ASCII.

    Raises:
        BadParameter: It is none.
    """
    name = read_host_name(text)
    if name is None:
        raise click.BadParameter(f"{text} is no host name; write one such as www.example.org")
    return name


def log_argument(command: _F) -> _F:
    """Add the logs to read."""
    return click.argument("logs", nargs=-1, required=True, metavar="LOG...")(command)


def input_options(command: _F) -> _F:
    """Add what says how logs are read: --format, --policy, -q, -v."""
    for option in (
        click.option(
            "-v", "--verbose", is_flag=True, help="Say which format each log has, and the account of lines."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors; no progress."),
        click.option(
            "--policy",
            default="default",
            show_default=True,
            metavar="NAME|FILE",
            help="What is kept and shown.",
        ),
        click.option(
            "--format",
            "format_name",
            metavar="NAME|LAYOUT",
            help="The format of all logs; else it is found by itself.",
        ),
    ):
        command = option(command)
    return command


def geo_option(command: _F) -> _F:
    """Add where countries and networks are looked up: --geo."""
    return click.option(
        "--geo",
        "databases",
        multiple=True,
        metavar="MMDB",
        help="A MaxMind database of countries, cities or networks.",
    )(command)


def proxy_option(command: _F) -> _F:
    """Add whose word counts about who the client is: --trusted-proxy."""
    return click.option(
        "--trusted-proxy",
        "proxies",
        multiple=True,
        metavar="CIDR",
        help="A proxy of yours: 192.0.2.0/24, an address, or unix:. The client is then the right-most other "
        "address of the forwarded-for field. May be given several times.",
    )(command)


def scope_options(command: _F) -> _F:
    """Add which hits count: --since, --until, --tz, --bots."""
    # Commands that count nothing need not wait for it.
    from logstats.enrich import BOTS_APART, BOTS_LEFT_OUT, BOTS_ONLY

    for option in (
        click.option(
            "--bots",
            type=click.Choice([BOTS_APART, BOTS_LEFT_OUT, BOTS_ONLY]),
            default=BOTS_APART,
            show_default=True,
            help="Count known bots apart from people, leave them out, or count only them.",
        ),
        click.option(
            "--tz", type=Zone(), default="UTC", show_default=True, help="Time zone of days and hours."
        ),
        click.option("--until", type=Day(), help="Last day that counts: 2026-02-28, or 1d ago."),
        click.option("--since", type=Day(), help="First day that counts: 2026-02-01, or 30d ago."),
    ):
        command = option(command)
    return command
