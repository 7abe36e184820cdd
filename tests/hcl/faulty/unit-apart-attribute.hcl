timeout = 10 s
b = 1
