tags ["a"]
port 80
x = 1
