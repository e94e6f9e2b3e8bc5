"""The only place where adapters meet ports, and where settings are read."""
