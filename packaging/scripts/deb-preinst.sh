# install [VERSION-BEFORE] | upgrade VERSION | abort-upgrade VERSION
if [ "$1" = install ] && [ -z "$2" ]; then look_for_others; fi
