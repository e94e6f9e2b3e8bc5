"""What was done, by whom, for which purpose: append-only events and the ledger's pending leaves (Art. 29, 42)."""
