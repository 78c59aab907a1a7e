"""The state of the emulator in SQLite."""
