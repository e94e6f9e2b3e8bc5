"""Venues, checkpoints, inspectors and their codes (Art. 8, 12, 46)."""
