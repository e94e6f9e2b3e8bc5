"""The `healthcode` command."""
