a = env(FOO)
b = env("X", "Y", "Z")
c = upper("x")
d = env("A"
e = 1
