# shellcheck shell=bash
# Virtual machines on the hypervisors: built once, booted once, and from then on started from what their memory held.

# name address - pool memory-MiB home; in the columns that hosts have.
guest_table() { awk -F'\t' '$0 !~ /^#/ && NF == 4 { print $1 "\t" $2 "\t-\tguests\t" $3 "\t" $4 }' "$lab_source/config/guests.tsv"; }
guest_field() { guest_table | awk -F'\t' -v name="$1" -v column="$2" '$1 == name { print $column }'; }
guest_names() { guest_table | cut -f1; }

# Disk, kernel and key of all of them: the directory in the cache that carries a key of what went into it.
guest_image() {
    printf '%s/guest-%s\n' "$cache_directory" "$({ layer_settings; cat "$lab_source"/config/{guest-packages,debian.sources,apt.conf} \
        "$lab_source/lib/guest-image.sh"; } | sha256sum | cut -c1-16)"
}

# What they held in memory when they were up: it fits the same QEMU and the same machines only.
guest_states() {
    printf '%s/states-%s' "$(guest_image)" "$({ layer_key hypervisor; cat "$lab_source"/config/guest{s.tsv,.xml}; } |
        sha256sum | cut -c1-16)"
}

guests_prepare() {
    local image
    image=$(guest_image)
    printf '%s\n' "$image" >"$run_directory/guest-image"
    [[ ! -d $image ]] || return 0
    say "building the image of the virtual machines"
    if ! bash -euo pipefail "$lab_source/lib/guest-image.sh" "$image.building" "$controller_namespace" "$run_directory/etc-hosts" \
        >"$cache_directory/guest.log" 2>&1; then
        tail -n 20 "$cache_directory/guest.log" >&2
        fail "building the image failed; all of its output is in $cache_directory/guest.log"
    fi
    mv "$image.building" "$image"
}

# Each machine serves. One that runs already, on whichever hypervisor, is left as it is.
guests_up() {
    local states name
    local -a names=()
    for name in $(running_hypervisors); do
        wait_until 60 hypervisor_answers "$name" || fail "libvirt on $name does not answer; lab exec $name journalctl -u libvirtd"
    done
    guests_access
    states=$(guest_states)
    for name in $(guest_names); do [[ $(guest_homes "$name") ]] || names+=("$name"); done
    (( ${#names[@]} )) || return 0
    for name in "${names[@]}"; do
        guest_define "$name"
        if [[ -f $states/$name.state ]]; then guest_resume "$name" "$states"; else guest_start "$name"; fi
    done
    # They are emulated: on a machine that has other work a boot takes a minute, three of them at once two or three.
    for name in "${names[@]}"; do
        wait_until 300 guest_serves "$name" || fail "$name does not serve after 300 s; its console is $(guests_directory)/$name.console"
    done
    [[ -d $states ]] || guests_keep "$states"
}

guest_define() {
    local name=$1 home
    home=$(guest_field "$name" 6)
    cp "$lab_source/config/guest.xml" "$run_directory/guests/$name.xml"
    sed -i -e "s|@NAME@|$name|g" -e "s|@ADDRESS@|$(guest_field "$name" 2)|g" -e "s|@MEMORY@|$(guest_field "$name" 5)|g" \
        -e "s|@UUID@|$(guest_uuid "$name")|g" -e "s|@MAC@|52:54:00:77:00:$(printf '%02x' "${name##*-}")|g" \
        "$(guests_directory)/$name.xml"
    virsh_on "$home" define "/srv/guests/$name.xml"
}

# The same at each start, so that what is kept of a machine's memory is known as its own.
guest_uuid() { sha256sum <<<"fettle lab $1" | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'; }

guest_start() {
    local home
    home=$(guest_field "$1" 6)
    in_host "$home" qemu-img create -q -f qcow2 -F qcow2 -b /srv/guest-image/base.qcow2 "/srv/guests/$1.qcow2"
    virsh_on "$home" start "$1"
}

guest_resume() {
    local name=$1 states=$2 home
    home=$(guest_field "$name" 6)
    cp "$states/$name.qcow2" "$states/$name.state" "$(guests_directory)/"
    virsh_on "$home" restore "/srv/guests/$name.state" --running
    rm "$(guests_directory)/$name.state"
    virsh_on "$home" domtime "$name" --now >/dev/null 2>&1 || true
}

# Kept for the next time: memory and disk of the same moment.
guests_keep() {
    local states=$1 name home
    rm -rf "$(guest_image)"/states-* "$states.new"
    mkdir -p "$states.new"
    for name in $(guest_names); do
        home=$(guest_field "$name" 6)
        virsh_on "$home" save "$name" "/srv/guests/$name.state"
        cp "$(guests_directory)/$name.qcow2" "$(guests_directory)/$name.state" "$states.new/"
        virsh_on "$home" restore "/srv/guests/$name.state" --running
        rm "$(guests_directory)/$name.state"
    done
    mv "$states.new" "$states"
    for name in $(guest_names); do wait_until 60 guest_serves "$name" || fail "$name does not serve after its memory was kept"; done
}

guest_serves() {
    ip netns exec "$controller_namespace" curl --silent --fail --max-time 5 "http://$(guest_field "$1" 2)/healthz" >/dev/null
}

# The hypervisors on which a machine runs: one, if all is well.
guest_homes() {
    local hypervisor
    for hypervisor in $(running_hypervisors); do
        if virsh_on "$hypervisor" list --name --state-running 2>/dev/null | grep -qxF -- "$1"; then echo "$hypervisor"; fi
    done
}

# Ways in, beside those of the hosts: the image has a key of its own, because what machines hold in memory outlives a lab.
guests_access() {
    local name address
    while IFS=$'\t' read -r name address _; do
        printf 'Host %s\n    HostName %s\n    IdentityFile %s/id_ed25519\n' "$name" "$address" "$(guest_image)"
    done < <(guest_table) >"$run_directory/ssh_config.guests"
    if ! grep -qF "$(guest_image)" "$run_directory/ssh_config"; then
        cat "$run_directory/ssh_config.guests" "$run_directory/ssh_config" >"$run_directory/ssh_config.new"
        mv "$run_directory/ssh_config.new" "$run_directory/ssh_config"
        guest_table | awk -F'\t' -v key="$(cut -d' ' -f1,2 "$(guest_image)/host.pub")" '{ print $1 "," $2 " " key }' \
            >>"$run_directory/known_hosts"
    fi
    rm "$run_directory/ssh_config.guests"
}

guests_status() {
    local name homes boot
    require_up
    printf '%-8s %-11s %-14s %s\n' guest address 'runs on' 'boot id'
    for name in $(guest_names); do
        homes=$(guest_homes "$name" | paste -sd,)
        boot=$(ip netns exec "$controller_namespace" curl --silent --fail --max-time 5 "http://$(guest_field "$name" 2)/boot-id" || echo -)
        printf '%-8s %-11s %-14s %s\n' "$name" "$(guest_field "$name" 2)" "${homes:--}" "$boot"
    done
}
