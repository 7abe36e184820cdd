# 1: installs, 2: upgrades.
set_up
compile_byte_code
reread_units
if [ "$1" = 1 ] && ! is_foreign; then systemctl enable --quiet dropship.service || true; fi
