bare labels "quoted" { "key" = 1 }
"foo" { a { b = 1 } }
foo { a = { b { c = 1 } } }
escapes = "\a\b\f\v\033\x41\xc3\xa9\ud83d\ude00 \n\r\t\\x41\"\u0041"
surrogate = "\udead \\udead"
bytes = "\xff" # no HCL 2: no character
template = "${a("\x41")}\x41" # no HCL 2: not touched
letters = { "größe" = 1, "日本" = 2, "ࡰ" = 3, ࡠ = 4, "x²" = 5 }
object = { for = 1, "true" = 2, d.e = 3, "f.g" = 4, "h" = 5, null = 6 }
env { "a.b" = 1, c { d = 2 } }
labelled = { a "b" { c = 1 } }
twice = { a = 1 }
twice = { a = 2 }
twice = { "a.b" = 3 }
thrice { a = 1 a = 2 # no HCL 2: a mistake is not covered up
}
nested = [{ a { b = 1 } }, { for { c = 1 } }]
outer { a { "b.c" = 1 } a { "b.d" = 2 } }
mixed { a = 1 }
mixed = { a = 2 }
number = 0755
hexadecimal = 0x1F # no HCL 2: a string key takes the text
"quo ted" = 1 # no HCL 2: not a name
dotted.name = 1 # no HCL 2: not a name
"true" = 1 # no HCL 2: not a name in version 1
shell = "${A:-b}" # no HCL 2: what it is meant for reads it
reference = "${A}"
