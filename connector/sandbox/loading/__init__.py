"""Exported CSV files instead of an invented world: read, understood, checked, and never silently dropped."""
