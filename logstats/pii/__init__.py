"""Detectors for what must not stay in a URL, over distinct values."""

from logstats.pii.detect import CLASSES, scrub_text
from logstats.pii.paths import CleanPaths, clean_path, clean_paths, clean_text, rewrite_paths
from logstats.pii.queries import clean_query
from logstats.pii.referrers import referrer_domains, referrer_origins

__all__ = [
    "CLASSES",
    "CleanPaths",
    "clean_path",
    "clean_paths",
    "clean_query",
    "clean_text",
    "referrer_domains",
    "referrer_origins",
    "rewrite_paths",
    "scrub_text",
]
