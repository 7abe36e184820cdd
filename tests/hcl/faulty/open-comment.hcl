a = 1
/* unclosed
b = 2
