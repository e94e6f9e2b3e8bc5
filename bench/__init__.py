"""Measuring: the load generator, the servers that it drives, and what they serve."""
