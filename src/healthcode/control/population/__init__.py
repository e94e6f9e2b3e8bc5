"""Runs over everybody: evidence to Parquet, one evaluation for all, and only what changed is decided."""
