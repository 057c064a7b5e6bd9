# shellcheck shell=bash
# The lab's network: a namespace with a bridge is the switch; the controller and every host have a namespace each, with one
# cable to it. The machine itself has no leg in it, so nothing of the lab is reached from outside or reaches out.

network_up() {
    if namespace_exists "$switch_namespace"; then return 0; fi
    ip netns add "$switch_namespace"
    ip -n "$switch_namespace" link set lo up
    ip -n "$switch_namespace" link add bridge address "$(network_card "$mirror_address")" type bridge
    ip -n "$switch_namespace" addr add "$mirror_address/24" dev bridge
    ip -n "$switch_namespace" addr add "$packages_address/24" dev bridge
    ip -n "$switch_namespace" link set bridge up
    network_plug ctl "$controller_address"
    network_names >"$run_directory/etc-hosts"
    # `ip netns exec` lays these over the machine's own files, which a minimal image may not have.
    [[ -e /etc/hosts ]] || echo '127.0.0.1 localhost' >/etc/hosts
    [[ -e /etc/resolv.conf ]] || : >/etc/resolv.conf
    mkdir -p "/etc/netns/$controller_namespace"
    cp "$run_directory/etc-hosts" "/etc/netns/$controller_namespace/hosts"
    # No name server: a name that is not in the hosts file fails at once instead of after a timeout.
    echo '# the lab has no name server' >"/etc/netns/$controller_namespace/resolv.conf"
}

# The hardware address that goes with an address. A bridge without one of its own takes the lowest of what is plugged into it; with
# a hypervisor's that can be its machine's cable, which has the same address on each hypervisor: while the machine moves, the two
# hypervisors do not reach each other.
network_card() {
    local -a bytes
    IFS=. read -ra bytes <<<"$1"
    printf '02:00:%02x:%02x:%02x:%02x' "${bytes[@]}"
}

namespace_exists() { ip netns list | awk '{ print $1 }' | grep -qxF -- "$1"; }

# A namespace `NAME` with a cable into the switch: network_plug web-1 10.77.0.41
network_plug() {
    local namespace
    namespace=$(host_namespace "$1")
    if namespace_exists "$namespace"; then return 0; fi
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    ip -n "$switch_namespace" link add "$1" type veth peer name eth0 address "$(network_card "$2")" netns "$namespace"
    ip -n "$switch_namespace" link set "$1" master bridge up
    ip -n "$namespace" addr add "$2/24" dev eth0
    ip -n "$namespace" link set eth0 up
}

# A hypervisor's cable ends in a bridge, into which its machines are plugged too: network_bridge hv-1 10.77.0.71
network_bridge() {
    local namespace
    namespace=$(host_namespace "$1")
    if ip -n "$namespace" link show guests >/dev/null 2>&1; then return 0; fi
    ip -n "$namespace" link add guests address "$(network_card "$2")" type bridge
    ip -n "$namespace" addr del "$2/24" dev eth0
    ip -n "$namespace" link set eth0 master guests
    ip -n "$namespace" addr add "$2/24" dev guests
    ip -n "$namespace" link set guests up
}

network_cable() { ip -n "$switch_namespace" link set "$1" "$2"; }

network_cable_state() {
    if ip -n "$switch_namespace" link show "$1" 2>/dev/null | grep -q '[<,]UP[,>]'; then echo up; else echo down; fi
}

# The hosts file of the controller and of every host.
network_names() {
    printf '127.0.0.1\tlocalhost\n'
    printf '%s\tmirror.lab\n%s\tpackages.lab\n%s\tcontroller\n' \
        "$mirror_address" "$packages_address" "$controller_address"
    { host_table; guest_table; } | awk -F'\t' '{ print $2 "\t" $1 }'
}

network_down() {
    local name
    for name in $(host_table | cut -f1) ctl switch; do
        if namespace_exists "$(host_namespace "$name")"; then ip netns del "$(host_namespace "$name")"; fi
    done
    rm -rf "/etc/netns/$controller_namespace"
    rmdir /etc/netns 2>/dev/null || true
}
