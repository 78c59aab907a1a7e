"""Request handlers of the emulator's own routes, below ``/_emulator/``."""
