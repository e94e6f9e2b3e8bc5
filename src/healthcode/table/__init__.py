"""The bridge between the planes: color table, side files, feed, snapshot. Format: spec/color-table.md.

Invariants: a record that cannot be trusted reads `unknown`, never green; a record is replaced only by one of a higher
version; whatever order, repetition, loss or restart does to the feed, a record ends right or `unknown`; a mismatching
region is refused before anything is read from it.
"""
