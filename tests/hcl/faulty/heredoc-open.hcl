a = <<EOF
foo
bar
