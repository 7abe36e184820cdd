service "a" {{
  x = 1
}
service "b" {
  y = {"z"
  w = 1
}
service "c" {
  tags = [{
  v = 1
}
