tags = [a, b]
x = 1
