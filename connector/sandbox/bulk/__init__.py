"""Bulk API 2.0: query jobs whose results are files on disk, and ingest jobs that write in the background."""
