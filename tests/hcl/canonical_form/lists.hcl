empty = [
]
one = [ 1 ]
commas = [1,,2,]
several = [1,
2, 3]
nested = [[1, 2], [], [[3]]]
spread = [[1,
2], 3]
objects = [{a=1},{b=2},{}]
large = [{ a = 1, b = 2 }]
open = [{
  a = 1
}]
heredocs = [<<A
one
A
, <<-B
  two
  B
  # behind it
  , # behind the comma
  <<C
three
C
  , # behind three
  4]
template = ["${
a}"]
before = [
  1
  , 2
]
