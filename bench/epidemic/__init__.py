"""One invented epidemic year under the four rulesets, one after the other: `python -m bench.epidemic`."""
