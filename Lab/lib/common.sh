# shellcheck shell=bash
# Names, paths, messages and the table of hosts: what every other part of the lab uses.

readonly status_usage=2
readonly status_unsupported=77

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
wrong_usage() { say "usage: lab $*"; exit "$status_usage"; }
cannot_host() { say "this machine cannot host the lab: $*"; exit "$status_unsupported"; }

readonly lab_directory=${FETTLE_LAB_DIR:-/var/tmp/fettle-lab}
readonly lab_name=${FETTLE_LAB_NAME:-fettle}
readonly cache_directory=$lab_directory/cache
readonly run_directory=$lab_directory/run-$lab_name

[[ $lab_name =~ ^[a-z][a-z0-9-]{0,23}$ ]] ||
    { say "FETTLE_LAB_NAME must be 1 to 24 of a-z, 0-9 and -, and begin with a letter: $lab_name"; exit "$status_usage"; }
# Overlay mounts separate their directories by colons and options by commas.
[[ $lab_directory =~ ^/[A-Za-z0-9/._-]+$ ]] ||
    { say "FETTLE_LAB_DIR must be an absolute path of letters, digits and . _ - : $lab_directory"; exit "$status_usage"; }

readonly switch_namespace=$lab_name-switch
readonly controller_namespace=$lab_name-ctl
readonly mirror_address=10.77.0.254
readonly packages_address=10.77.0.253
readonly controller_address=10.77.0.2

# The hosts of a set (`base` or `rpm`), or all of them without an argument: name address environment pool layer.
host_table() {
    awk -F'\t' -v wanted="${1:-}" '$0 !~ /^#/ && NF == 6 && (wanted == "" || $6 == wanted) {
        print $1 "\t" $2 "\t" $3 "\t" $4 "\t" $5 }' "$lab_source/config/hosts.tsv"
}

# One column of one host's row: host_field web-1 2 is its address.
host_field() { host_table | awk -F'\t' -v name="$1" -v column="$2" '$1 == name { print $column }'; }

host_namespace() { printf '%s-%s' "$lab_name" "$1"; }
host_directory() { printf '%s/hosts/%s' "$run_directory" "$1"; }

# The hosts of the running lab that match the given names or patterns, one a line. Fails on one that matches none.
matching_hosts() {
    local pattern name found
    require_up
    for pattern; do
        found=
        for name in $(running_lab_hosts); do
            # shellcheck disable=SC2053 # the right side is meant as a pattern
            if [[ $pattern == all || $name == $pattern ]]; then printf '%s\n' "$name"; found=1; fi
        done
        [[ $found ]] || fail "no host of this lab is called $pattern (lab status tells which there are)"
    done | awk '!seen[$0]++'
}

# Exactly one host that is part of the running lab; patterns are refused.
require_host() {
    require_up
    [[ -d $(host_directory "$1") && $1 != */* && $1 != .* ]] ||
        fail "no host of this lab is called $1 (lab status tells which there are)"
}

running_lab_hosts() { tail -n +2 "$run_directory/hosts.tsv" | cut -f1; }

require_up() { [[ -f $run_directory/hosts.tsv ]] || fail "the lab '$lab_name' is not up: lab up"; }

# Run FUNCTION once for each ITEM, at most LIMIT at a time; fails when any of them failed, after all have ended.
in_parallel() {
    local limit=$1 action=$2 running=0 failed=0 item
    shift 2
    for item; do
        if (( running >= limit )); then
            wait -n || failed=1
            running=$((running - 1))
        fi
        "$action" "$item" &
        running=$((running + 1))
    done
    while (( running > 0 )); do
        wait -n || failed=1
        running=$((running - 1))
    done
    (( failed == 0 ))
}

# Wait until a command succeeds: wait_until SECONDS COMMAND...
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        (( SECONDS < deadline )) || return 1
        sleep 0.1
    done
}

# Held until the command ends, or a host's until the function that in_parallel runs for it ends: one lock for what all labs of a
# directory share, one for each lab, one for each host's power switch.
lock_shared() { mkdir -p "$cache_directory/locks"; exec 8>"$cache_directory/locks/+shared"; flock 8; }
unlock_shared() { exec 8>&-; }
lock_host() { exec 7>"$(host_directory "$1")/lock"; flock 7; }
lock_lab() { mkdir -p "$cache_directory/locks"; exec 9>"$cache_directory/locks/$lab_name"; flock 9; }
