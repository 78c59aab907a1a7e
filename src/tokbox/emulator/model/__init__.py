"""The data of the emulator, without storage or HTTP: records, states, rules and time."""
