# shellcheck shell=bash
# lb-1 and what is watched through it: its configuration, requests through its frontends, and its own view of its servers.

balancer_seed() {
    mkdir -p "$1/etc/haproxy"
    balancer_servers web 80 >"$1/web.servers"
    balancer_servers api 8080 >"$1/api.servers"
    sed -e "/^@WEB@$/{r $1/web.servers" -e 'd}' -e "/^@API@$/{r $1/api.servers" -e 'd}' \
        "$lab_source/config/haproxy.cfg" >"$1/etc/haproxy/haproxy.cfg"
    rm "$1/web.servers" "$1/api.servers"
}

balancer_servers() {
    host_table | awk -F'\t' -v pool="$1" -v port="$2" '$4 == pool { print "    server " $1 " " $2 ":" port }'
}

balancer_haproxy() {
    [[ $# == 1 && $1 == restart ]] || wrong_usage 'haproxy restart'
    require_host lb-1
    in_host lb-1 systemctl restart haproxy.service
}

balancer_load() {
    local pool
    require_up
    case ${1:-} in
        start)
            [[ ${2:-8} =~ ^[1-9][0-9]{0,2}$ && $# -le 2 ]] || wrong_usage 'load start [CONNECTIONS]'
            for pool in web api; do load_start "$pool" "${2:-8}"; done
            ;;
        stop) load_stop ;;
        *) wrong_usage 'load start [CONNECTIONS] | load stop' ;;
    esac
}

load_start() {
    local pool=$1 connections=$2 port=8000 log=$run_directory/log/load-$1
    [[ $pool == web ]] || port=8001
    if daemon_is_running "load-$pool"; then fail "load runs already: lab load stop"; fi
    rm -f "$log"
    # wrk wants to know how long; it ends earlier, with its summary, when it is interrupted.
    start_daemon "load-$pool" ip netns exec "$controller_namespace" wrk --threads 1 --connections "$connections" \
        --duration 24h --timeout 10s --latency --script "$lab_source/lib/load.lua" "http://lb-1:$port/"
    # A frontend that is down would else be told only by `load stop`.
    sleep 0.2
    daemon_is_running "load-$pool" || fail "wrk did not start: $(<"$log")"
}

load_stop() {
    local pool
    for pool in web api; do
        daemon_is_running "load-$pool" || fail "no load runs: lab load start"
        xargs --no-run-if-empty kill -INT <"$(group_of "load-$pool")/cgroup.procs"
    done
    for pool in web api; do
        wait_until 15 group_is_empty "$(group_of "load-$pool")" || fail "wrk does not end"
        kill_daemon "load-$pool"
    done
    /usr/bin/python3 "$lab_source/lib/load_summary.py" "web=$run_directory/log/load-web" "api=$run_directory/log/load-api"
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
