true = 1
b = 2
