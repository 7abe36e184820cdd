service "a" {
  x = 1s
  y = 
  z = [1 2]
}

service "b" {
  x = yes
