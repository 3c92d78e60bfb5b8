"""The daemon's room: when a cycle runs, that only one daemon runs, how it stops, and what it shows of itself."""
