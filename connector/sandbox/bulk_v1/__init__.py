"""Bulk API 1.0 (`/services/async`): jobs with batches in CSV, JSON or XML, as clients of the field still use it."""
