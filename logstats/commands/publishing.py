"""What `logstats report` does under a policy that publishes a period once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logstats.commands.outputs import Outputs
from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.policy import Policy
from logstats.tables import Report


class NoLedger(UsageError):
    """A report is to be published, and nothing would remember it."""

    def __init__(self, policy_id: str) -> None:
        super().__init__(
            f"policy {policy_id}: disclosure.publish_once: name the ledger that remembers what was "
            "published with --ledger FILE"
        )


@frozen
class Publishing:
    """The ledger of publications, if the report is one, and the reason why it replaces another."""

    ledger: Path | None = None
    reason: str | None = None

    @classmethod
    def plan(
        cls,
        policy: Policy,
        outputs: Outputs,
        ledger: Path | None,
        directory: Path | None,
        *,
        supersede: str | None,
        compare: bool,
    ) -> Publishing:
        """Find out before a log is read what may be published.

        What goes to the terminal is not published. A store has a ledger of its own.

        Raises:
            UsageError: There is no ledger, or an option does not fit the policy.
        """
        reason = None
        if supersede is not None:
            from logstats.publishing import read_reason

            reason = read_reason(supersede)
        if not policy.disclosure.publish_once:
            if reason is not None:
                raise UsageError(f"--supersede: policy {policy.id} lets a report be repeated (publish_once)")
            return cls()
        if not outputs.targets:
            return cls()
        if compare:
            raise UsageError(
                f"policy {policy.id}: disclosure.publish_once: --compare publishes the period before again"
            )
        if ledger is None and directory is None:
            raise NoLedger(policy.id)
        from logstats.ledger import STORE_LEDGER

        return cls(ledger or Path(str(directory), STORE_LEDGER), reason)

    @contextmanager
    def note(self, report: Report, sites: tuple[str, ...], outputs: Outputs) -> Iterator[None]:
        """Note the report before it is written, if it is published."""
        if self.ledger is None:
            yield
            return
        from logstats.publishing import published_once

        whose = frozenset((report.site,) if report.site else sites)
        with published_once(report, self.ledger, whose, outputs.files, reason=self.reason):
            yield
