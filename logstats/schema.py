"""The names of all columns and the key columns of all tables.

One name per thing, here and in formats, batches, summaries, JSON and CSV.
"""

from __future__ import annotations

from typing import Final

# What a line tells (the fields of the exact parser, in this vocabulary).
TIME: Final = "time"
HOST: Final = "host"
USER: Final = "user"
METHOD: Final = "method"
PATH: Final = "path"
QUERY: Final = "query"
PROTOCOL: Final = "protocol"
STATUS: Final = "status"
BYTES_SENT: Final = "bytes_sent"
REFERRER: Final = "referrer"
AGENT: Final = "agent"
VHOST: Final = "vhost"
DURATION_US: Final = "duration_us"
# How the answer was delivered; a batch has these where its format has them.
CACHE_STATUS: Final = "cache_status"
TLS_PROTOCOL: Final = "tls_protocol"
TLS_CIPHER: Final = "tls_cipher"
DELIVERY: Final = (CACHE_STATUS, TLS_PROTOCOL, TLS_CIPHER)

# What is known of a hit after enrichment.
DAY: Final = "day"
HOUR: Final = "hour"
WEEKDAY: Final = "weekday"
SPAN_HOURS: Final = "span_hours"
TOKEN: Final = "token"
KIND: Final = "kind"
BROWSER: Final = "browser"
BROWSER_VERSION: Final = "browser_version"
SYSTEM: Final = "system"
SYSTEM_VERSION: Final = "system_version"
DEVICE: Final = "device"
BOT: Final = "bot"
COUNTRY: Final = "country"
NETWORK: Final = "network"
# The number of a bucket of durations (`buckets`).
BUCKET: Final = "bucket"

# What is counted in every row of every table.
HITS: Final = "hits"
BOT_HITS: Final = "bot_hits"
VISITORS: Final = "visitors"
TOP_HITS: Final = "top_hits"
COUNTS: Final = (HITS, BOT_HITS, VISITORS, BYTES_SENT)

# What the table of durations says beside them.
PERCENTILES: Final[dict[int, str]] = {50: "p50_us", 90: "p90_us", 95: "p95_us", 99: "p99_us"}
MAX_US: Final = "max_us"
TIMES: Final = (*PERCENTILES.values(), MAX_US)

# table -> the columns that name a row of it
TABLE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "days": (DAY,),
    "hours": (HOUR, SPAN_HOURS),
    "weekday_hours": (WEEKDAY, HOUR, SPAN_HOURS),
    "pages": (PATH,),
    "static_files": (PATH,),
    "errors": (STATUS, PATH),
    "statuses": (STATUS,),
    "methods": (METHOD,),
    "protocols": (PROTOCOL,),
    "referrers": (REFERRER,),
    "browsers": (BROWSER, BROWSER_VERSION),
    "systems": (SYSTEM, SYSTEM_VERSION),
    "devices": (DEVICE,),
    "bots": (BOT,),
    "countries": (COUNTRY,),
    "networks": (NETWORK,),
    "vhosts": (VHOST,),
    "durations": (PATH,),
    "cache": (CACHE_STATUS,),
    "tls": (TLS_PROTOCOL, TLS_CIPHER),
}
