foo = [1 2]
bar = [ {a=1} {b=2} ]
