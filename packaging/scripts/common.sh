# Stands before each script of the packages: what they share.
set -e

site=/usr/lib/dropship/site
# How the agent was found by the script that stopped it; a boot starts it by itself.
found=/run/dropship.package-found-it

booted() {
    [ -d /run/systemd/system ]
}

# Before its files change; waits for an update that is under way.
stop() {
    booted || return 0
    case $(systemctl show --property=ActiveState --value dropship.service) in
    inactive | failed | deactivating) echo stopped >"$found" ;;
    *) echo running >"$found" ;;
    esac
    systemctl stop dropship.service
}

# Before the first installation: whose services these are, and who looks after them now (the Go
# tool, perhaps), is for the administrator to say.
look_for_others() {
    # An agent has worked here before.
    [ ! -d /var/lib/dropship/services ] || return 0
    if grep -rqsiE '^[[:space:]]*"?service"?[[:space:]]*["{:=]' /etc/dropship.d --include='*.hcl' --include='*.json'; then
        echo foreign >"$found"
    fi
}

is_foreign() {
    [ "$(cat "$found" 2>/dev/null)" = foreign ]
}

# When they are all there; an agent that an operator had stopped stays stopped.
start() {
    how=$(cat "$found" 2>/dev/null || true)
    rm -f "$found"
    booted || return 0
    case $how in
    stopped) return 0 ;;
    running) systemctl start dropship.service ;;
    foreign)
        echo "dropship: /etc/dropship.d has services that this package has not brought, so the agent does not" >&2
        echo "dropship: run yet; look with dropship check, then: systemctl enable --now dropship" >&2
        ;;
    *) start_if_wanted ;;
    esac || echo "dropship: the agent does not start: see systemctl status dropship" >&2
}

# A Python that is new enough, the distribution's usual one first.
python() {
    for python in /usr/bin/python3 /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 \
        /usr/bin/python3.11 /usr/bin/python3.10; do
        if "$python" -sE -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            echo "$python"
            return 0
        fi
    done
    return 1
}

# For the Python that will run it. Without byte code the program only starts slower.
compile_byte_code() {
    forget_byte_code
    if python=$(python); then "$python" -sE -m compileall -q -j 0 "$site" >/dev/null 2>&1 || true; fi
}

forget_byte_code() {
    [ ! -d "$site" ] || find "$site" -depth -type d -name __pycache__ -exec rm -rf {} +
}

reread_units() {
    ! booted || systemctl daemon-reload || true
}

# The account, the folders, and who may read the configuration: what an administrator has given to
# somebody else is left alone.
set_up() {
    systemd-sysusers dropship.conf
    systemd-tmpfiles --create dropship.conf
    for one in /etc/dropship.d /etc/dropship.d/services /etc/dropship.d/dropship.hcl \
        /etc/dropship.d/services/example.hcl.disabled; do
        if [ -e "$one" ] && [ "$(stat -c %U:%G "$one")" = root:root ]; then chgrp dropship "$one"; fi
    done
}
