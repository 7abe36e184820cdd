# configure [VERSION] | triggered NAMES | abort-upgrade … | abort-remove … | abort-deconfigure …
start_if_wanted() {
    deb-systemd-invoke start dropship.service
}

case $1 in
triggered)
    # The distribution's Python is another one now.
    compile_byte_code
    ;;
configure)
    set_up
    compile_byte_code
    # As debhelper has it: enabled at the first installation, and as it was left from then on.
    if ! is_foreign && deb-systemd-helper --quiet was-enabled dropship.service; then
        deb-systemd-helper enable dropship.service >/dev/null || true
    else
        deb-systemd-helper update-state dropship.service >/dev/null || true
    fi
    reread_units
    start
    ;;
abort-*)
    start
    ;;
esac
