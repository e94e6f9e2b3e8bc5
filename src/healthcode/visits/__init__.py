"""Visits: who was at which checkpoint when, and how surely (presence grade).

Invariants: a visit's key is time-ordered and its own time picks its partition; storing is idempotent by key;
acknowledged means committed in the sink.
"""
