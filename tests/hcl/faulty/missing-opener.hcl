service "a"
  x = 1
  artifact "s3"  bucket = "b" }
  env
    y = "z"
  }
}
service "b" {
  x = 2
}
