command = "echo "hi" there"
b = 1
