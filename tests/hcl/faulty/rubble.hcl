service "a" {
  command = <<- "END"
    set -e
    for i in *; do rm -- "$i"; done
    exit 1
  x = 1
}
    echo nothing | sort
    exit ; 1
y = 1
