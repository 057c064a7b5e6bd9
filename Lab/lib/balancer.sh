# shellcheck shell=bash
# lb-1 and what is watched through it: its configuration, requests through its frontends, and its own view of its servers.

balancer_seed() {
    local name=$1 seed=$2 pool address port backend
    mkdir -p "$seed/etc/haproxy"
    {
        cat "$lab_source/config/haproxy.cfg"
        printf '\nfrontend statistics\n    bind :8404\n    stats enable\n    stats uri /\n    stats refresh 2s\n'
        while read -r pool address port backend; do
            printf '\nfrontend %s\n    bind :%s\n    default_backend %s\n' "$pool" "$port" "$pool"
            printf '\nbackend %s\n    balance roundrobin\n    option httpchk GET /healthz\n' "$pool"
            # Emulated machines are slow, and slower while they move: one that is late is not one that is down.
            if [[ $address == lb-vm ]]; then
                printf '    timeout check 10s\n    default-server check inter 1s fastinter 1s rise 2 fall 5\n'
            fi
            balancer_servers "$pool" "$backend"
        done < <(balancer_pools "$name")
    } >"$seed/etc/haproxy/haproxy.cfg"
}

# The pools of a balancer: name, the balancer, the port in front, the port of each server.
balancer_pools() {
    case $1 in
        lb-1) printf '%s\n' "web lb-1 8000 80" "api lb-1 8001 8080" ;;
        lb-vm) echo "guests lb-vm 8000 80" ;;
    esac
}

# Those of the balancer that this lab has.
running_pools() {
    local name
    for name in $(running_lab_hosts); do balancer_pools "$name"; done
}

balancer_servers() {
    { host_table; guest_table; } |
        awk -F'\t' -v pool="$1" -v port="$2" '$4 == pool { print "    server " $1 " " $2 ":" port }'
}

balancer_haproxy() {
    [[ $# == 1 && $1 == restart ]] || wrong_usage 'haproxy restart'
    require_host lb-1
    in_host lb-1 systemctl restart haproxy.service
}

balancer_load() {
    local pool balancer port
    require_up
    case ${1:-} in
        start)
            [[ ${2:-8} =~ ^[1-9][0-9]{0,2}$ && $# -le 2 ]] || wrong_usage 'load start [CONNECTIONS]'
            while read -r pool balancer port _; do load_start "$pool" "$balancer:$port" "${2:-8}"; done < <(running_pools)
            ;;
        stop) load_stop ;;
        *) wrong_usage 'load start [CONNECTIONS] | load stop' ;;
    esac
}

load_start() {
    local pool=$1 address=$2 connections=$3 log=$run_directory/log/load-$1
    if daemon_is_running "load-$pool"; then fail "load runs already: lab load stop"; fi
    rm -f "$log"
    # wrk wants to know how long; it ends earlier, with its summary, when it is interrupted.
    start_daemon "load-$pool" ip netns exec "$controller_namespace" wrk --threads 1 --connections "$connections" \
        --duration 24h --timeout 10s --latency --script "$lab_source/lib/load.lua" "http://$address/"
    # A frontend that is down would else be told only by `load stop`.
    sleep 0.2
    daemon_is_running "load-$pool" || fail "wrk did not start: $(<"$log")"
}

load_stop() {
    local pool pools
    local -a logs=()
    pools=$(running_pools | cut -d' ' -f1)
    for pool in $pools; do
        daemon_is_running "load-$pool" || fail "no load runs: lab load start"
        xargs --no-run-if-empty kill -INT <"$(group_of "load-$pool")/cgroup.procs"
        logs+=("$pool=$run_directory/log/load-$pool")
    done
    for pool in $pools; do
        wait_until 15 group_is_empty "$(group_of "load-$pool")" || fail "wrk does not end"
        kill_daemon "load-$pool"
    done
    /usr/bin/python3 "$lab_source/lib/load_summary.py" "${logs[@]}"
}

balancer_sample() {
    local csv=$run_directory/samples.csv
    require_up
    case ${*:-} in
        start)
            require_host lb-1
            if daemon_is_running sample; then fail "sampling runs already: lab sample stop"; fi
            rm -f "$csv"
            start_daemon sample /usr/bin/python3 "$lab_source/lib/sample.py" "$(host_directory lb-1)" "$csv"
            wait_until 5 test -s "$csv" || fail "sampling did not start: $(<"$run_directory/log/sample")"
            ;;
        stop)
            daemon_is_running sample || fail "no sampling runs: lab sample start"
            kill_daemon sample
            printf '%s\n' "$csv"
            ;;
        *) wrong_usage 'sample start | sample stop' ;;
    esac
}
