a = "x" b = "y" "c" d
e = 1
