service "a" {
  artifact "s3" {
    bucket = "b"

service "b" {
  x = 1
}
