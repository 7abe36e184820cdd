service "a" {
  x = }1
  y = ["b"]}
  z = 1
}
service "c" {
  w = 1 }}
