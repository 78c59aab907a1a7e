module rival

go 1.20

replace github.com/aogz/tokbox => ./seed
