# 1: installs, 2: upgrades. The old package's own scripts run when the files have changed already.
if [ "$1" = 1 ]; then look_for_others; else stop; fi
