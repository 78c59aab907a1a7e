"""Send requests to the service, and read its responses."""
