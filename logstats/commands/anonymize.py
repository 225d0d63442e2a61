"""`logstats anonymize`: the same logs without personal data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from logstats.anonymize import anonymize_logs
from logstats.commands.addresses import TOR, AddressOptions, address_options
from logstats.commands.ending import end_run, refuse_nothing
from logstats.commands.options import input_options
from logstats.commands.progress import watch_progress
from logstats.commands.recording import Recording
from logstats.jobs import Logs
from logstats.keys import DayKeys
from logstats.policy import Policy, load_policy
from logstats.process import heed_signals
from logstats.read import STDIN
from logstats.recognize import format_named
from logstats.tally import REASONS, Tally
from logstats.write import Writer, is_pipe, open_target, outlive_signals


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Where to write; .gz, .bz2, .xz, .zst are packed. Default: standard output.",
)
@address_options
@click.option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Note the run in this ledger, and when keys were destroyed; see `logstats audit`.",
)
@input_options
def anonymize(
    *,
    logs: tuple[str, ...],
    output: str,
    mode: str | None,
    preset: str | None,
    key_file: Path | None,
    credential: str | None,
    site: str,
    ledger: Path | None,
    format_name: str | None,
    policy: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Write LOGs again: addresses cut, no user names, no query strings, referrers cut to their origin.

    Everything else stays byte for byte, in its order; of agents only addresses and e-mail addresses go.
    A line that fits no format is withheld. The output may still be personal data: who reads it together with
    other knowledge may recognize a visitor by agent, time and pages.
    """
    rules = load_policy(policy)
    options = AddressOptions(mode, preset, key_file, credential, site)
    options.check(rules)
    recording = Recording.start(ledger)
    keys = options.keys(rules)
    names = logs or (STDIN,)
    streaming = STDIN in names and is_pipe() and preset != TOR
    (outlive_signals if streaming else heed_signals)()
    if (warning := options.warning(rules)) and not quiet:
        click.echo(f"logstats: {warning}", err=True)
    keys.destroy_old()
    with watch_progress(quiet=quiet) as watch, open_target(output, append=streaming) as target:
        read = Logs(names, format_named(format_name), watch, of_hits=options.preset == TOR)
        lines = _write(read, options, rules, keys, target, streaming=streaming)
        refuse_nothing(read)
    _destroy_old(keys, ledger)
    if recording is not None:
        told = {"run": "anonymize", "address": preset or options.mode_of(rules), "site": site}
        made = tuple({"day": str(day), "from": kind} for day, kind in sorted(keys.made.items()))
        outputs = (Path(output),) if Path(output).is_file() else ()
        recording.note(rules, lines, logs=names, outputs=outputs, configuration=told, keys=made)
    _say_withheld(names, lines, quiet=quiet)
    return end_run(read, lines, max_rejected=None, quiet=quiet, verbose=verbose)


def _write(
    read: Logs, options: AddressOptions, policy: Policy, keys: DayKeys, target: Writer, *, streaming: bool
) -> Tally:
    if options.preset != TOR:
        return anonymize_logs(read, options.masks(policy, keys), target.write, flush_early=streaming)
    from logstats.sanitize import Sanitizer, sanitize_logs

    sanitizer = Sanitizer(datetime.now(UTC).date())
    lines = sanitize_logs(read, sanitizer)
    for block in sanitizer.blocks():
        target.write(block)
    return lines


def _destroy_old(keys: DayKeys, ledger: Path | None) -> None:
    """Destroy the keys of days that are over, and let the ledger say when."""
    keys.destroy_old()
    if ledger is not None:
        from logstats.ledger import record_event

        for day, path, at in keys.destroyed:
            record_event(ledger, "key-destroyed", path.name, {"day": str(day), "at": at.isoformat()})


def _say_withheld(names: tuple[str, ...], lines: Tally, *, quiet: bool) -> None:
    place = names[0] if len(names) == 1 else f"{len(names)} logs"
    if withheld := lines.rejected.total():
        reasons = ", ".join(REASONS.get(reason, reason) for reason in sorted(lines.rejected))
        click.echo(f"{place}: {withheld:,} of {lines.read:,} lines withheld ({reasons})", err=True)
    if lines.filtered and not quiet:
        click.echo(
            f"{place}: {lines.filtered:,} of {lines.read:,} lines are not of the form that is published",
            err=True,
        )
