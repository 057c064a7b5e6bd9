# shellcheck shell=bash
# Ways in: the controller's network, ssh with keys that are known beforehand, and a back door that needs no sshd.

access_keys() {
    [[ ! -f $run_directory/keys/id_ed25519 ]] || return 0
    mkdir -p "$run_directory/keys"
    chmod 700 "$run_directory/keys"
    ssh-keygen -q -t ed25519 -N '' -C "controller@$lab_name" -f "$run_directory/keys/id_ed25519"
}

# hosts.tsv, known_hosts and ssh_config of the hosts that have an identity: written anew when hosts were added.
access_files() {
    local name address environment pool
    printf 'name\taddress\tenvironment\tpool\n' >"$run_directory/hosts.tsv.new"
    : >"$run_directory/known_hosts.new"
    : >"$run_directory/ssh_config.new"
    while IFS=$'\t' read -r name address environment pool _; do
        [[ -d $(host_directory "$name")/seed ]] || continue
        printf '%s\t%s\t%s\t%s\n' "$name" "$address" "$environment" "$pool" >>"$run_directory/hosts.tsv.new"
        printf '%s,%s %s\n' "$name" "$address" \
            "$(cut -d' ' -f1,2 "$(host_directory "$name")/seed/etc/ssh/ssh_host_ed25519_key.pub")" >>"$run_directory/known_hosts.new"
        printf 'Host %s\n    HostName %s\n' "$name" "$address" >>"$run_directory/ssh_config.new"
    done < <(host_table)
    sed "s|@RUN@|$run_directory|g" "$lab_source/config/ssh_config" >>"$run_directory/ssh_config.new"
    for name in hosts.tsv known_hosts ssh_config; do mv "$run_directory/$name.new" "$run_directory/$name"; done
}

# The caller's directory, environment and files, with the lab's network and names.
access_in() {
    (( $# )) || wrong_usage 'in COMMAND...'
    require_up
    exec ip netns exec "$controller_namespace" "$@"
}

# What `lab in` runs may call the lab again, a test that resets a host for one. But `ip netns exec` gave it a mount namespace
# of its own, where a mount or an unmount is seen by nobody else: go on in the namespaces of the nearest process above it
# that is not the controller's.
leave_controller() {
    local controller process=$$
    controller=$(stat --dereference --format %i "/run/netns/$controller_namespace" 2>/dev/null) || return 0
    while (( process > 1 )) && [[ $(network_of "$process") == "$controller" ]]; do
        process=$(awk '/^PPid:/ { print $2 }' "/proc/$process/status")
    done
    (( process == $$ )) || exec nsenter --target "$process" --mount --net --root --wd="$PWD" "$lab_source/lab" "$@"
}

network_of() { stat --dereference --format %i "/proc/$1/ns/net"; }

access_ssh() {
    (( $# )) || wrong_usage 'ssh HOST [COMMAND...]'
    require_host "$1"
    access_in ssh -F "$run_directory/ssh_config" "$@"
}

access_exec() {
    (( $# > 1 )) || wrong_usage 'exec HOST COMMAND...'
    require_host "$1"
    in_host "$@"
}
