a = b {
  c = 1
}
d = e = 2
f = $(x)
g = !
h = "x
k = 1
