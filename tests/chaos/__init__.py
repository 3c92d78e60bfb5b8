"""Chaos: whatever fails, whoever edits, whenever the connector dies, nothing is doubled, lost or overwritten."""
