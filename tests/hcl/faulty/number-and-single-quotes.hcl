service "a" {
  checkInterval = 10s
  artifact "s3" {
    path = 'x.tgz'
  }
}
service "b" { x = 1 }
