"""``tokbox sign``: sign the rows of tables."""
