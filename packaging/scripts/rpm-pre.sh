# 1: installs, 2: upgrades. The old package's own scripts run when the files have changed already.
[ "$1" = 1 ] || stop
