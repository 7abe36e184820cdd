a = env(
"X",
b = 1
