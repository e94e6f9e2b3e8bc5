"""Adjustments of the check policies (V5): drafted by an office for its area, decided by the level above, dated."""
