"""Nouns and pure decisions of the field. Imports nothing of ours, does no I/O, knows no clock: time is an argument."""
