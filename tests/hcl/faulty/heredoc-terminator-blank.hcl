a = <<EOF
foo
EOF 
b = 1
