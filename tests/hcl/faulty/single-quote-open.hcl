a = 'x
b = ['y', 'z]
c = 1
