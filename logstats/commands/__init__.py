"""One file per command: options, a few calls, no logic."""
