"""Passes for phones without network and papers for people without phones: issued, recalled, forgotten."""
