"""Leads, work items, proposals and reviews: how a county determines with four eyes (Art. 16)."""
