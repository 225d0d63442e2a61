"""`--ledger FILE`: a run is noted when its outputs are there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logstats.errors import InputError
from logstats.frozen import frozen
from logstats.policy import Policy
from logstats.read import STDIN, find_sources
from logstats.tally import Tally

if TYPE_CHECKING:
    from logstats.ledger import InputRecord


@frozen
class Recording:
    """A ledger and the time the run started."""

    ledger: Path
    started: datetime

    @classmethod
    def start(cls, ledger: Path | None) -> Recording | None:
        """Return what notes the run, or None if no ledger is kept."""
        return None if ledger is None else cls(ledger, datetime.now(UTC))

    def note(
        self,
        policy: Policy,
        lines: Tally,
        *,
        logs: tuple[str, ...],
        outputs: tuple[Path, ...],
        configuration: Mapping[str, Any],
        period: Mapping[str, str | None] | None = None,
        keys: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        """Append the run to the ledger, and the nonce of its inputs to the file beside it."""
        from logstats.ledger import Manifest, keep_nonce, make_nonce, record_run

        nonce = make_nonce()
        inputs = tuple(_commit(logs, nonce))
        counts = {
            "read": lines.read,
            "parsed": lines.parsed,
            "blank": lines.blank,
            "filtered": lines.filtered,
        }
        counts |= {f"rejected_{reason}": count for reason, count in sorted(lines.rejected.items())}
        manifest = Manifest(
            inputs,
            outputs,
            policy.stamp(),
            counts,
            {"standard_input": STDIN in logs, **configuration},
            period or {},
            keys,
            self.started,
        )
        entry = record_run(self.ledger, manifest)
        if inputs:
            keep_nonce(self.ledger, entry, nonce)


def _commit(logs: tuple[str, ...], nonce: bytes) -> list[InputRecord]:
    """Return the record of each file that was read; standard input is gone, and only named."""
    from logstats.ledger import commit_input

    paths = [Path(source.name) for source in find_sources(logs).sources if source.name != STDIN]
    try:
        return [commit_input(path, nonce) for path in dict.fromkeys(paths) if path.is_file()]
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be read again for the ledger ({error.strerror})"
        ) from None
