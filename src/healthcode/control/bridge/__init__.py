"""The control side of the bridge: feed outbox, published side records, enrolled edges. The edge only reads."""
