a = 1 # comments
bcd = "e" // stand
f = [1, 2]     /* below each other */
g = "a long value without a comment"
hi = {}
jkl = { a = 1 } # also behind an object on one line

m = 1 # a blank line
no = 2 # ends it
# as a comment does
p = 3
qrs = [
  4,
] # and a list
t = 5
uvw = <<X
heredoc
X
x = 6
block { yz = 7 } # a block
y = 8
another "one" {} # and another
z = 9
列 = "wide" # letters count as one
b = "a"
elements = [
  1, # in lists
  234, # too
  [],

  5, # from here
  "six" # anew
]
