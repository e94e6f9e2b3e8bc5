"""Recorded evidence and the decisions derived from it. Nothing here, and nobody, sets a color (Art. 4)."""
