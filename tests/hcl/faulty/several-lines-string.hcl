text = "hello
  world"
b = 1
