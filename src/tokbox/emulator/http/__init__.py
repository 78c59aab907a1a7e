"""HTTP of the emulator: requests, responses, credentials and injected faults."""
