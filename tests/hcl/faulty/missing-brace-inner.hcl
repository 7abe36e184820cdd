service "a" {
  artifact "s3" {
    bucket = "b"

  checkInterval = "1s"
}
service "b" {
  x = 1
}
