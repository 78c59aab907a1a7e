"""Whatever is given to a public function, it answers, or refuses with an error of its own."""
