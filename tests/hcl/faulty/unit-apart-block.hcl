timeout = 10 s
service "x" { }
