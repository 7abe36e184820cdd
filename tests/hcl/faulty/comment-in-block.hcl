service "a" { x = 1 /* why }
service /* "b" {
  y = 1
}
z = 1 /* and
