"""Scripts that make files of the tree from others."""
