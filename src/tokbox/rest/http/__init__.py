"""Send requests to the service, and parse its responses."""
