service "a" {
  command = <<END
    echo a
  z = 1
}
service "b" {
  command = <<END
    echo b
END
}
