"""``tokbox inspect``."""
