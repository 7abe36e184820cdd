a = foo
b = yes
c = systemctl restart foo
d = /etc/x # comment
