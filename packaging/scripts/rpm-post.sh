# 1: installs, 2: upgrades.
set_up
compile_byte_code
reread_units
[ "$1" != 1 ] || systemctl enable --quiet dropship.service || true
