"""Writes of `casework`: what an officer may do with a lead. Each runs inside the act of whoever calls it."""

from healthcode.control.casework.determinations import proposal_make, proposal_review
from healthcode.control.casework.items import item_accept, item_hand_back, item_route

__all__ = ["item_accept", "item_hand_back", "item_route", "proposal_make", "proposal_review"]
