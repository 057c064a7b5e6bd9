# shellcheck shell=bash
# Faults that are no matter of power or cable.

# Another process holds the package manager's locks, as an administrator's own apt would.
faults_lock() {
    local seconds=${2:-30}
    [[ $# -ge 1 && $# -le 2 && $seconds =~ ^[0-9]{1,6}$ ]] || wrong_usage 'lock HOST [SECONDS]'
    require_host "$1"
    in_host "$1" systemd-run --quiet --collect --unit=lab-lock --service-type=notify \
        --property=NotifyAccess=all /usr/bin/python3 -c "$(<"$lab_source/lib/hold_lock.py")" "$seconds" ||
        fail "the lock of $1 could not be taken: somebody holds it"
}

faults_unlock() {
    (( $# == 1 )) || wrong_usage 'unlock HOST'
    require_host "$1"
    in_host "$1" systemctl stop lab-lock.service 2>/dev/null || true
}

# The disk shrinks to what is used of it: not a byte is free until something is deleted, or `unfill`.
faults_fill() {
    local disk used
    (( $# == 1 )) || wrong_usage 'fill HOST'
    require_host "$1"
    disk=$(host_directory "$1")/disk
    used=$(df --output=used --block-size=4096 "$disk" | tail -n 1)
    mount -o "remount,size=$((used * 4096))" "$disk"
}

faults_unfill() {
    (( $# == 1 )) || wrong_usage 'unfill HOST'
    require_host "$1"
    mount -o "remount,size=$disk_size" "$(host_directory "$1")/disk"
}

# sshd and every session end; nothing restarts it.
faults_kill_sshd() {
    (( $# == 1 )) || wrong_usage 'kill-sshd HOST'
    require_host "$1"
    in_host "$1" systemctl stop ssh.service
    in_host "$1" pkill -KILL -x sshd || true
}

faults_noboot() {
    [[ $# == 2 && $2 =~ ^(on|off)$ ]] || wrong_usage 'noboot HOST on|off'
    require_host "$1"
    case $2 in
        on) touch "$(host_directory "$1")/noboot" ;;
        off) rm -f "$(host_directory "$1")/noboot" ;;
    esac
}
