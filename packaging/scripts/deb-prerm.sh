# upgrade VERSION | remove | deconfigure … | failed-upgrade VERSION
case $1 in
upgrade | remove | deconfigure)
    stop
    forget_byte_code
    ;;
esac
