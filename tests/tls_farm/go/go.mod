module farm

go 1.24
