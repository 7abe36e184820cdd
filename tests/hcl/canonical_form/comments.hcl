a = # between key and value
1
b /* inline */ = /* too */ 2
longer # lifted
= /* with
it */ 3

block # behind the header
{
  c = 1
}
block "label" # above,
{ # since this stands behind the brace
  c = 1
}
block # above, for it is empty
{}
one { /* in */ c = 1 /* one */ } // line
two { /* of */ c = 1, /* each */ d = 2 }
none { /* item */ }
none { # item
}
list = [ # behind the bracket
  1, /* the one */ /* the two */ 2 # behind
  , # and the comma

  # above

  3
  # the end
]
short = [1 /* one */, /* two */ 2, /* three */]
empty = [/* nothing */]
another # behind the bracket, too
= [
  1]
call = env(/* inline */ "A", "B" /* too */)
secret = file( // lifted
"/x")
calls = [env("A"),

env( # lifted
"B")]
d = 1 /* starts here
and ends here */ e = 2 /* behind e */ f = 3, /* before f */ g = 4
/* h's */ h = 1
/* i's */ iii = 2
/* its
own */ j = 3
# two /* lines
// of */ comments   
/* one */ /* line */ // of comments	

#	
bare /* = */ { /* and = */ } # =
last = 1

later # lifted, with the blank line in front of it
= 2
close # behind the brace
{ a = 1 }
near # behind the bracket
= [1]
