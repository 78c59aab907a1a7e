"""``tokbox demo``."""
