a { b c = d
}
true = 1
