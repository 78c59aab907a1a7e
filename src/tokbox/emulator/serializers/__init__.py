"""The records of the emulator in the form that responses and webhooks have."""
