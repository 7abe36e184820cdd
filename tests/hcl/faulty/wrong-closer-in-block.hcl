service "a" {
  before "x" {
    c = 1
  ]
  d = 1
}
service "b" {
  e = 1
  ]
}
