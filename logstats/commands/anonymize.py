"""`logstats anonymize`: the same logs without personal data."""

from __future__ import annotations

import secrets
from datetime import date
from functools import cache

import click

from logstats.addresses import PRESETS
from logstats.commands.ending import end_run, refuse_nothing
from logstats.commands.options import input_options
from logstats.commands.progress import watch_progress
from logstats.pipeline import Logs, anonymize_logs
from logstats.policy import load_policy
from logstats.read import STDIN
from logstats.recognize import format_named
from logstats.redact import DROP, KEYED, TRUNCATE, LineMasks
from logstats.tally import REASONS
from logstats.write import is_pipe, open_target, outlive_signals


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Where to write; .gz, .bz2, .xz, .zst are packed. Default: standard output.",
)
@click.option(
    "--address",
    "mode",
    type=click.Choice([TRUNCATE, DROP, KEYED]),
    help="Cut addresses, drop them, or write a token of the day. Default: the policy's.",
)
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS)),
    help="Bits that are kept of IPv4/IPv6: default 16/32, ga 24/48, matomo2 16/48, anonip 20/44, zero 0/0.",
)
@input_options
def anonymize(
    *,
    logs: tuple[str, ...],
    output: str,
    mode: str | None,
    preset: str | None,
    format_name: str | None,
    policy: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Write LOGs again: addresses cut, no user names, no query strings, referrers cut to their origin.

    Everything else stays byte for byte, in its order. A line that fits no format is withheld. The result is
    generalised, and may still be personal data.
    """
    rules = load_policy(policy)
    bits = PRESETS[preset] if preset else (rules.addresses.ipv4_bits, rules.addresses.ipv6_bits)
    masks = LineMasks(rules, mode or rules.addresses.anonymize_mode, bits, _key_of_day)
    names = logs or (STDIN,)
    streaming = STDIN in names and is_pipe()
    if streaming:
        outlive_signals()
    with watch_progress(quiet=quiet) as watch, open_target(output, append=streaming) as target:
        read = Logs(names, format_named(format_name), watch)
        lines = anonymize_logs(read, masks, target.write, flush_early=streaming)
        refuse_nothing(read)
    if withheld := lines.rejected.total():
        reasons = ", ".join(REASONS.get(reason, reason) for reason in sorted(lines.rejected))
        place = names[0] if len(names) == 1 else f"{len(names)} logs"
        click.echo(f"{place}: {withheld:,} of {lines.read:,} lines withheld ({reasons})", err=True)
    return end_run(read, lines, max_rejected=None, quiet=quiet, verbose=verbose)


@cache
def _key_of_day(day: date) -> bytes:  # noqa: ARG001 - each day has its own
    """Return the key of a UTC day; it lives as long as this process."""
    return secrets.token_bytes(32)
