"""`python -m logstats` is the same as `logstats`."""

from __future__ import annotations

from logstats.cli import main

if __name__ == "__main__":
    main()
