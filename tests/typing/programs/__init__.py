"""Programs as users write them; the type checkers must find no ``Any`` in them."""
