# shellcheck shell=bash
# The Debian mirror inside the lab: http://mirror.lab/debian and /debian-security, from a cache in front of the mirror that
# this machine's own apt uses. One apt-cacher-ng serves all labs of a directory; it is the only process with a way out.
# A UNIX socket carries requests from the switch's namespace to it: the lab needs no route and no address translation.

readonly mirror_socket=$lab_directory/mirror.socket

mirror_up() {
    if group_is_empty "$(shared_group_of mirror)"; then
        # The relay may have outlived the cache or the other way round; a request needs both.
        kill_group "$(shared_group_of mirror-relay)"
        mirror_start_cache
    fi
    if ! daemon_is_running mirror-port; then
        start_daemon mirror-port ip netns exec "$switch_namespace" \
            socat "TCP-LISTEN:80,bind=$mirror_address,fork,reuseaddr,backlog=64" "UNIX-CONNECT:$mirror_socket"
    fi
    wait_until 20 mirror_answers || fail "the mirror's cache does not answer; see $lab_directory/mirror.log"
}

mirror_start_cache() {
    local port configuration=$cache_directory/mirror-configuration
    port=$(free_loopback_port)
    mkdir -p "$configuration" "$cache_directory/mirror"
    mirror_configuration "$port" >"$configuration/acng.conf"
    start_in_group "$(shared_group_of mirror)" "$lab_directory/mirror.log" \
        apt-cacher-ng -c "$configuration" ForeGround=1
    start_in_group "$(shared_group_of mirror-relay)" "$lab_directory/mirror.log" \
        socat "UNIX-LISTEN:$mirror_socket,fork,unlink-early,mode=600,backlog=64" "TCP:127.0.0.1:$port"
}

mirror_configuration() {
    local debian security proxy
    debian=$(machine_mirror bookworm)
    security=$(machine_mirror bookworm-security)
    sed -e "s|@CACHE@|$cache_directory/mirror|" -e "s|@PORT@|$1|" \
        -e "s|@DEBIAN@|$debian|" -e "s|@SECURITY@|$security|" "$lab_source/config/apt-cacher-ng.conf"
    proxy=$(machine_proxy "${debian%%:*}")
    [[ -z $proxy ]] || printf 'Proxy: %s\n' "$proxy"
}

# Where this machine's apt gets a Debian release from, without a slash at the end.
machine_mirror() {
    local address
    # shellcheck disable=SC2016 # apt's own fields
    address=$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' "Codename: $1" 'Component: main' | head -n 1)
    [[ $address =~ ^https?://[^[:space:]\|]+$ ]] ||
        cannot_host "its apt has no http or https source for $1 of Debian 12 (found: '${address:-nothing}')"
    printf '%s' "${address%/}"
}

machine_proxy() {
    local settings proxy=
    eval "$(apt-config shell proxy "Acquire::$1::Proxy")"
    settings=${1}_proxy
    [[ $proxy != DIRECT ]] || return 0
    printf '%s' "${proxy:-${!settings:-}}"
}

# apt-get indextargets reads the lists that were fetched last; a fresh machine may have none.
ensure_machine_lists() {
    local targets
    # shellcheck disable=SC2016 # apt's own field
    targets=$(apt-get indextargets --format '$(CODENAME)' 'Created-By: Packages' 'Origin: Debian')
    grep -qx bookworm-security <<<"$targets" || apt_get_quietly update
}

# apt-cacher-ng reads a port as a signed number of 16 bits: what the kernel hands out by itself is too high for it.
free_loopback_port() {
    /usr/bin/python3 - <<'SEARCH'
import random, socket
for port in random.sample(range(20000, 32000), 100):
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
SEARCH
}

mirror_answers() {
    ip netns exec "$controller_namespace" /usr/bin/python3 - <<'PROBE' 2>/dev/null
import urllib.request
urllib.request.urlopen("http://mirror.lab/debian/dists/bookworm/InRelease", timeout=10).read(64)
PROBE
}

# The last lab of the directory that goes down takes the cache's process with it.
mirror_down() {
    kill_daemon mirror-port
    if other_labs_run; then return 0; fi
    kill_group "$(shared_group_of mirror-relay)"
    kill_group "$(shared_group_of mirror)"
    rm -f "$mirror_socket" "$lab_directory/mirror.log"
}

other_labs_run() {
    local other
    for other in "$lab_directory"/run-*; do
        [[ $other == "$run_directory" ]] || ! mountpoint -q "$other" || return 0
    done
    return 1
}
