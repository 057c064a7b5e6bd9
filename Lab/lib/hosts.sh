# shellcheck shell=bash
# One host: its disk (a layer below a size-limited tmpfs), its identity, power and cable.

# A full disk is one of the faults, so that each host's disk has a limit of its own.
readonly disk_size=1500m

# start_host NAME: power on, with what the disk holds; a new disk gets the host's identity first.
start_host() {
    local name=$1 directory
    directory=$(host_directory "$name")
    mkdir -p "$directory/disk"
    mountpoint -q "$directory/disk" || mount -t tmpfs -o "size=$disk_size,mode=755" "disk-$name" "$directory/disk"
    start_daemon "host-$name" unshare --mount --propagation slave "$lab_source/lib/machine.sh" boot \
        "$directory" "$name" "$(host_namespace "$name")" "$(<"$directory/layers")"
}

# What tells this host from the others: name, machine id, host key, who may log in. It survives a reset.
seed_host() {
    local name=$1 directory seed
    directory=$(host_directory "$name")
    [[ ! -d $directory/seed ]] || return 0
    seed=$directory/seed.new
    rm -rf "$seed"
    mkdir -p "$seed/etc/ssh" "$seed/root" "$seed/home/fettle"
    echo "$name" >"$seed/etc/hostname"
    cp "$run_directory/etc-hosts" "$seed/etc/hosts"
    tr -d - </proc/sys/kernel/random/uuid >"$seed/etc/machine-id"
    ssh-keygen -q -t ed25519 -N '' -C "root@$name" -f "$seed/etc/ssh/ssh_host_ed25519_key"
    install -d -m 700 "$seed/root/.ssh"
    install -m 600 "$run_directory/keys/id_ed25519.pub" "$seed/root/.ssh/authorized_keys"
    # By number, because names are the machine's here: `fettle` is the layer's first user.
    install -d -m 700 -o 1000 -g 1000 "$seed/home/fettle/.ssh"
    install -m 600 -o 1000 -g 1000 "$run_directory/keys/id_ed25519.pub" "$seed/home/fettle/.ssh/authorized_keys"
    chmod 700 "$seed/root" "$seed/home/fettle"
    chown 1000:1000 "$seed/home/fettle"
    case $(host_field "$name" 5) in
        balancer) balancer_seed "$name" "$seed" ;;
        hypervisor) hypervisor_seed "$name" "$seed" ;;
    esac
    layer_stack "$(host_field "$name" 5)" >"$directory/layers"
    mv "$seed" "$directory/seed"
}

# The process id of the host's systemd, as this machine sees it; nothing while the host is off.
host_leader() {
    local file
    file=$(host_directory "$1")/nspawn.pid
    [[ -f $file ]] && daemon_is_running "host-$1" || return 0
    pgrep --parent "$(<"$file")" || true
}

# Run a command in a host without its sshd, as root, in the environment of a login.
in_host() {
    local leader
    leader=$(host_leader "$1")
    [[ $leader ]] || { say "$1 is off"; return 1; }
    shift
    # `--root`: where this machine is itself a chroot, the namespace alone would lead out of the host.
    nsenter --target "$leader" --all --root --wd env --ignore-environment "TERM=${TERM:-dumb}" HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# The host serves: sshd greets, and the services of every host accept connections.
host_is_ready() {
    local address
    address=$(host_field "$1" 2)
    # shellcheck disable=SC2016 # expanded by the inner shell
    timeout 5 ip netns exec "$controller_namespace" bash -c '
        for port in 80 8080; do : <>"/dev/tcp/$1/$port" || exit 1; done
        exec 3<>"/dev/tcp/$1/22" && read -r -t 4 greeting <&3 && [[ $greeting == SSH-2.0-* ]]' ready "$address" 2>/dev/null
}

host_has_settled() { host_is_ready "$1" || ! daemon_is_running "host-$1"; }

wait_for_host() {
    wait_until 60 host_has_settled "$1" || fail "$1 is not ready after 60 s; see $run_directory/log/host-$1"
    daemon_is_running "host-$1" || fail "$1 did not start: $(tail -n 3 "$run_directory/log/host-$1")"
}

# A new host serves; one that runs already is left as it is: a test may have broken it on purpose.
bring_up_host() {
    lock_host "$1"
    if daemon_is_running "host-$1"; then return 0; fi
    start_host "$1"
    wait_for_host "$1"
}

# Whatever the disk holds is booted; whether all of it works is for the caller to find out.
boot_host() {
    lock_host "$1"
    if daemon_is_running "host-$1"; then return 0; fi
    start_host "$1"
    wait_until 60 host_has_booted "$1" || fail "$1 has not booted after 60 s; see $run_directory/log/host-$1"
}

host_has_booted() { [[ $(host_state "$1") =~ ^(running|degraded|maintenance)$ ]]; }

# What systemd says of the host; nothing before it can be asked.
host_state() { in_host "$1" systemctl is-system-running 2>/dev/null || true; }

# As if the cord were pulled: every process of the host ends at once, nothing is written back.
cut_host() {
    lock_host "$1"
    kill_daemon "host-$1"
    rm -f "$(host_directory "$1")/nspawn.pid"
}

reset_host() {
    local directory
    directory=$(host_directory "$1")
    cut_host "$1"
    umount "$directory/disk"
    rm -f "$directory/noboot"
    network_cable "$1" up
    bring_up_host "$1"
}

hosts_reset() { for_hosts 'reset HOST...' reset_host "$@"; }
hosts_cut() { for_hosts 'cut HOST...' cut_host "$@"; }
hosts_boot() { for_hosts 'boot HOST...' boot_host "$@"; }

# for_hosts USAGE FUNCTION HOST...: a few at a time, so that booting systems don't starve each other.
for_hosts() {
    local usage=$1 action=$2 names
    shift 2
    (( $# )) || wrong_usage "$usage"
    names=$(matching_hosts "$@")
    # shellcheck disable=SC2086 # names of hosts have no blanks
    in_parallel 4 "$action" $names
}

hosts_link() {
    [[ $# == 2 && $2 =~ ^(up|down)$ ]] || wrong_usage 'link HOST up|down'
    require_host "$1"
    network_cable "$1" "$2"
}
