"""Prove what an output holds: one file per check, none of them quotes what it found.

The audit reads any file, made by logstats or not, and shares no code with what
it audits: it has its own reader, its own way to find addresses and its own
count of visitors.
"""
