"""Options of requests: read from JSON bodies and validated."""
