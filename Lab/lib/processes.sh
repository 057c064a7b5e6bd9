# shellcheck shell=bash
# Processes that outlive a command live in a cgroup of their own. So `down` finds all of them and their children, without
# a pid file that may be stale, and ends them by one write.

# Labs of different directories must not meet in the one cgroup tree of the machine.
groups_of_directory() { printf '%s/cgroup/fettle-lab-%s' "$run_directory" "$(sha256sum <<<"$lab_directory" | cut -c1-8)"; }
group_of() { printf '%s/%s/%s' "$(groups_of_directory)" "$lab_name" "$1"; }
shared_group_of() { printf '%s/+shared/%s' "$(groups_of_directory)" "$1"; }

# start_in_group GROUP LOG COMMAND...: in the background, in a session of its own, without this command's locks.
start_in_group() {
    local group=$1 log=$2
    shift 2
    mkdir -p "$group" "$(dirname "$log")"
    # shellcheck disable=SC2016 # expanded by the inner shell
    setsid bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' start "$group" "$@" \
        </dev/null >>"$log" 2>&1 7>&- 8>&- 9>&- &
    # From here on, an empty group means that the process has ended.
    wait_until 2 group_is_populated "$group" || true
}

start_daemon() { local name=$1; shift; start_in_group "$(group_of "$name")" "$run_directory/log/$name" "$@"; }

group_is_populated() { [[ -f $1/cgroup.events ]] && grep -qx 'populated 1' "$1/cgroup.events"; }
group_is_empty() { ! group_is_populated "$1"; }
daemon_is_running() { group_is_populated "$(group_of "$1")"; }

# End every process of a group, below it too, and remove the group.
kill_group() {
    local group=$1
    [[ -d $group ]] || return 0
    echo 1 >"$group/cgroup.kill"
    wait_until 20 group_is_empty "$group" || fail "processes of $group do not end: $(cat "$group"/cgroup.procs)"
    find "$group" -depth -type d -exec rmdir {} +
}

kill_daemon() { kill_group "$(group_of "$1")"; }
