# shellcheck shell=bash
# Bringing the whole lab up and down.

# Booting systems compete for the processors: more at a time would not be faster.
readonly hosts_at_a_time=4

lab_up() {
    local names name
    local -a sets
    case ${*:-} in
        '') sets=(base) ;;
        rpm) sets=(base rpm) ;;
        vm) sets=(vm) ;;
        *) wrong_usage 'up [rpm | vm]' ;;
    esac
    check_machine
    lock_lab
    lock_shared
    install_missing_tools
    ensure_machine_lists
    refuse_foreign_lab
    prepare_run_directory
    raise_inotify_limit
    network_up
    mirror_up
    packages_up
    build_layers_of "${sets[@]}"
    [[ ${sets[*]} != vm ]] || guests_prepare
    access_keys
    names=$(hosts_of "${sets[@]}")
    # One after the other: `ip netns add` sets up the place of all namespaces when it is the first.
    for name in $names; do
        network_plug "$name" "$(host_field "$name" 2)"
        [[ $(host_field "$name" 5) != hypervisor ]] || network_bridge "$name" "$(host_field "$name" 2)"
        seed_host "$name"
    done
    access_files
    cache_prune
    unlock_shared
    # shellcheck disable=SC2086 # names of hosts have no blanks
    in_parallel "$hosts_at_a_time" bring_up_host $names
    [[ ${sets[*]} != vm ]] || guests_up
    say "the lab '$lab_name' is up: $(wc -w <<<"$names") hosts, in $SECONDS s; files in $run_directory"
}

build_layers_of() {
    local layer set
    for layer in $(for set; do host_table "$set" | cut -f5; done | sort -u); do layer_build "$layer"; done
}

hosts_of() { local set; for set; do host_table "$set" | cut -f1; done; }

# Namespaces are the machine's: the same name from another directory would be taken over and taken down.
refuse_foreign_lab() {
    if namespace_exists "$switch_namespace" && ! mountpoint -q "$run_directory"; then
        fail "namespaces of a lab '$lab_name' exist, but not below $lab_directory: choose another FETTLE_LAB_NAME"
    fi
}

# All state that runs is in memory, in one mount that other namespaces follow when it goes (shared propagation).
prepare_run_directory() {
    mkdir -p "$run_directory"
    if ! mountpoint -q "$run_directory"; then
        mount -t tmpfs -o mode=755 "fettle-lab-$lab_name" "$run_directory"
        mount --make-shared "$run_directory"
    fi
    mkdir -p "$run_directory/cgroup" "$run_directory/hosts" "$run_directory/log"
    mountpoint -q "$run_directory/cgroup" || mount -t cgroup2 cgroup2 "$run_directory/cgroup"
    mkdir -p "$(groups_of_directory)/$lab_name" 2>/dev/null || cannot_host "it may not make cgroups"
}

lab_down() {
    (( $# == 0 )) || wrong_usage down
    [[ -d $lab_directory ]] || return 0
    lock_lab
    lock_shared
    if ! mountpoint -q "$run_directory"; then
        ! namespace_exists "$switch_namespace" || fail "a lab '$lab_name' runs from another directory than $lab_directory"
        rm -rf "$run_directory"
        return 0
    fi
    prepare_run_directory
    kill_group "$(groups_of_directory)/$lab_name"
    mirror_down
    tell_controller_processes
    network_down
    restore_inotify_limit
    remove_run_directory
    say "the lab '$lab_name' is down"
}

# What somebody runs by `lab in` is theirs, not the lab's to kill; the last of them takes the namespace with it.
tell_controller_processes() {
    local processes
    if ! namespace_exists "$controller_namespace"; then return 0; fi
    processes=$(ip netns pids "$controller_namespace" | xargs)
    [[ -z $processes ]] || say "still running in the controller's network, and cut off from it now: $processes"
}

remove_run_directory() {
    rmdir "$(groups_of_directory)/+shared" "$(groups_of_directory)" 2>/dev/null || true
    if ! umount --recursive "$run_directory" 2>/dev/null; then
        say "some process still uses files below $run_directory: they go when it ends"
        umount --recursive --lazy "$run_directory"
    fi
    rmdir "$run_directory"
}

lab_purge() {
    lab_down "$@"
    ! other_labs_run || fail "another lab still runs on the cache: $(echo "$lab_directory"/run-*)"
    rm -rf "$cache_directory"
    rmdir "$lab_directory" 2>/dev/null || true
}

lab_path() { require_up; printf '%s\n' "$run_directory"; }

lab_status() {
    local name state boot
    require_up
    printf '%-10s %-11s %-8s %-5s %s\n' host address state link 'boot id'
    for name in $(running_lab_hosts); do
        state=off boot=-
        if daemon_is_running "host-$name"; then
            state=$(host_state "$name")
            boot=$(in_host "$name" cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo -)
        fi
        printf '%-10s %-11s %-8s %-5s %s\n' "$name" "$(host_field "$name" 2)" "${state:-starting}" \
            "$(network_cable_state "$name")" "$boot"
    done
}
