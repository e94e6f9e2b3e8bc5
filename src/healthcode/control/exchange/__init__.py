"""Batches that come in: leads and laboratory results, checked row by row, all or nothing (Art. 26)."""
