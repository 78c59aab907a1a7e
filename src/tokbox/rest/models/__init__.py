"""Response models, and their JSON parser."""
