module rival

go 1.20
