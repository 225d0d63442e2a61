"""Tests: each states a fact about logstats, or a law that holds for any input."""
