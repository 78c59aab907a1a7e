"""Response models, and how they are read from JSON."""
