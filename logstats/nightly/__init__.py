"""The run that cron starts each night: collect, report, audit, forget; read `config`, then `run`."""

from __future__ import annotations

from logstats.nightly.config import Config, load_config
from logstats.nightly.run import Outcome, run_nightly

__all__ = ["Config", "Outcome", "load_config", "run_nightly"]
