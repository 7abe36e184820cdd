# 0: erases, 1: upgrades.
if [ "$1" = 0 ]; then
    stop
    rm -f "$found"
    systemctl disable --quiet dropship.service || true
    forget_byte_code
fi
