# remove | purge | upgrade VERSION | abort-… | …
case $1 in
remove)
    rm -f "$found"
    reread_units
    ;;
purge)
    deb-systemd-helper purge dropship.service >/dev/null || true
    # What was deployed stays where it is; what the agent knew of it goes.
    rm -rf /etc/dropship.d /etc/systemd/system/dropship.service.d /var/lib/dropship /run/dropship
    # With it goes its group, unless it has other members: then the group by itself.
    ! getent passwd dropship >/dev/null || userdel dropship 2>/dev/null
    ! getent group dropship >/dev/null || groupdel dropship
    reread_units
    ;;
esac
