"""Day summaries on disk, exactly once: one SQLite file that holds integers and cleaned labels.

Read in this order: `place` (directory, key, lock), `database` (file, versions, transactions),
`streams` (how far each log was used), `counts` (a day as numbers), `days` (days in and out),
`lower_bounds` (visitors of groups together), `exchange` (stores of other machines), `retention`.
"""

from __future__ import annotations

from logstats.store.database import Store, open_store
from logstats.store.place import LockHeld, lock_store

__all__ = ["LockHeld", "Store", "lock_store", "open_store"]
