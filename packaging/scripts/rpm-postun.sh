# 0: erases, 1: upgrades.
reread_units
