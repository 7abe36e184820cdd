service "a {
  checkInterval = "1s"
}
service "b" { x = 1 }
