service "a" {
  x = 1

    bucket = "b"
    path   = "p"
  }
  y = 2
}

  x = 3
}
service "c" {
  x = 4
}
