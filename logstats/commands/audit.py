"""`logstats audit`: prove what outputs hold, against the log they came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from logstats.audit.finding import Finding
    from logstats.audit.rules import Rules

_PATHS = click.Path(path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, type=_PATHS, metavar="PATH...")
@click.option(
    "--source", "sources", multiple=True, type=_PATHS, metavar="LOG", help="A log that the outputs came from."
)
@click.option(
    "--store",
    "stores",
    multiple=True,
    type=_PATHS,
    metavar="DIR",
    help="A store: its small groups are no findings.",
)
@click.option(
    "--ledger",
    type=_PATHS,
    metavar="FILE",
    help="Verify this ledger, and against it the outputs and the logs of --source.",
)
@click.option(
    "--expect-head", metavar="HEX", help="A head of the ledger that was published, or its first 16 digits."
)
@click.option(
    "--policy", "policy_name", metavar="NAME|FILE", help="The policy that outputs must name and keep."
)
@click.option(
    "--self-test",
    is_flag=True,
    help="Run this installation on a marked log and look at every byte it writes.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True
)
@click.option("--list", "listed", is_flag=True, help="List the checks.")
def audit(
    paths: tuple[Path, ...],
    sources: tuple[Path, ...],
    stores: tuple[Path, ...],
    ledger: Path | None,
    expect_head: str | None,
    policy_name: str | None,
    self_test: bool,
    form: str,
    listed: bool,
) -> int:
    """Look for personal data in files and directories, made by logstats or not.

    Exit code 0: passed, 1: a finding, 2: usage, 3: something could not be checked.
    """
    from logstats.audit.rules import Request
    from logstats.audit.run import run_audit
    from logstats.audit.saying import list_checks, to_json, to_sarif, to_text

    if listed:
        for name, sentence in list_checks():
            click.echo(f"{name:<16} {sentence}")
        return 0
    if not (paths or stores or ledger or self_test):
        raise click.UsageError("name a PATH, a --store, a --ledger, or --self-test")
    if expect_head and not (
        ledger and len(expect_head) >= 16 and set(expect_head.lower()) <= set("0123456789abcdef")
    ):
        raise click.UsageError("--expect-head needs --ledger and at least 16 hexadecimal digits")
    extra = [*_ledger_findings(ledger, paths, sources, expect_head), *(_self_test() if self_test else ())]
    request = Request(paths, datetime.now(UTC), sources, stores, rules=_rules(policy_name))
    result = run_audit(request, extra)
    write: dict[str, Callable[..., str]] = {"text": to_text, "json": to_json, "sarif": to_sarif}
    click.echo(write[form](result), nl=False)
    return result.exit_code


def _rules(policy_name: str | None) -> Rules:
    from logstats.audit.rules import Rules
    from logstats.policy import load_policy

    policy = load_policy(policy_name or "default")
    stamp = {
        "id": policy.id,
        "version": policy.version,
        "effective": str(policy.effective),
        "digest": policy.digest,
    }
    return Rules(
        k=policy.disclosure.k,
        ipv4_bits=policy.addresses.ipv4_bits,
        ipv6_bits=policy.addresses.ipv6_bits,
        round_visitors=policy.disclosure.round_visitors,
        key_hours=policy.retention.key_hours,
        raw_log_days=policy.retention.raw_log_days if policy_name else None,
        stamp=stamp if policy_name else None,
    )


def _ledger_findings(
    ledger: Path | None, paths: tuple[Path, ...], sources: tuple[Path, ...], expect_head: str | None
) -> list[Finding]:
    from logstats.audit.finding import Finding
    from logstats.audit.notations import mask_text
    from logstats.audit.run import LEDGER
    from logstats.ledger import nonces_of, verify_inputs, verify_ledger

    if ledger is None:
        return []
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    own = {ledger.resolve(), nonces_of(ledger).resolve(), Path(f"{ledger.resolve()}.sig")}
    outputs = [file for file in files if file.is_file() and file.resolve() not in own]
    problems = [*verify_ledger(ledger, outputs, expect_head=expect_head), *verify_inputs(ledger, sources)]
    return [
        Finding(
            mask_text(str(ledger)),
            f"line {problem.seq}" if problem.seq else "",
            LEDGER.id,
            mask_text(problem.kind),
        )
        for problem in problems
    ]


def _self_test() -> list[Finding]:
    from logstats.audit.selftest import run_self_test

    return run_self_test()
