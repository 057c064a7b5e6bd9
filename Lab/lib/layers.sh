# shellcheck shell=bash
# The disks that hosts start from, built once and kept in the cache: `debian` is Debian 12 as of its point release,
# without security updates, and every other layer is an overlay on the one below it. A layer's directory carries a key of
# all that went into it, so that a change builds it anew and hosts that still run on the old one keep theirs.

layer_path() { printf '%s/%s-%s\n' "$cache_directory" "$1" "$(layer_key "$1")"; }

layer_key() {
    case $1 in
        debian) { cat "$lab_source/config/base-packages"; layer_settings; } | sha256sum | cut -c1-16 ;;
        common)
            # The date is in it, because the mirror drops packages that yesterday's lists still name.
            { layer_key debian; date +%F; sha256sum <"$(repository_directory)/fettle-lab.gpg"
              sha256sum <"$(repository_directory)/dists/lab/main/binary-amd64/Packages"
              tree_key layers/common.sh config; } | sha256sum | cut -c1-16 ;;
        *) { layer_key common; tree_key layers packages/rpm; } | sha256sum | cut -c1-16 ;;
    esac
}

# The directories of a layer and of all below it, the top one first, as overlayfs wants them.
layer_stack() {
    case $1 in
        debian) layer_path debian ;;
        common) printf '%s:%s\n' "$(layer_path common)" "$(layer_path debian)" ;;
        *) printf '%s:%s:%s\n' "$(layer_path "$1")" "$(layer_path common)" "$(layer_path debian)" ;;
    esac
}

# A mirror that is frozen at a date has expired Release files: hosts judge dates as this machine's apt does.
layer_settings() { apt-config dump 'Acquire::Check-Valid-Until' 'Acquire::Check-Date' 'Acquire::Max-FutureTime'; }

# Build what is missing of a layer and of those below it.
layer_build() {
    local below=common
    case $1 in
        debian) below= ;;
        common) below=debian ;;
    esac
    [[ -z $below ]] || layer_build "$below"
    [[ ! -d $(layer_path "$1") ]] || return 0
    if [[ $below ]]; then layer_build_overlay "$1" "$below"; else layer_build_debian; fi
}

layer_build_debian() {
    local target building packages option
    local -a options=()
    target=$(layer_path debian)
    building=$target.building
    packages=$(paste -sd, "$lab_source/config/base-packages")
    say "building Debian 12 without security updates"
    rm -rf "$building"
    while read -r option; do options+=(--aptopt="$option"); done < <(layer_settings)
    mkdir -p "$cache_directory"
    if ! ip netns exec "$controller_namespace" mmdebstrap --mode=root --variant=minbase --include="$packages" \
        "${options[@]}" --aptopt='Acquire::Languages "none"' \
        bookworm "$building" 'deb http://mirror.lab/debian bookworm main' >"$cache_directory/debian.log" 2>&1; then
        tail -n 20 "$cache_directory/debian.log" >&2
        fail "mmdebstrap failed; all of its output is in $cache_directory/debian.log"
    fi
    rm -f "$building/etc/apt/apt.conf.d/99mmdebstrap" "$building/etc/apt/sources.list" "$building"/etc/ssh/ssh_host_*
    mv "$building" "$target"
}

layer_build_overlay() {
    local name=$1 below=$2 target building
    target=$(layer_path "$name")
    building=$target.building
    say "building the layer $name"
    rm -rf "$building"
    mkdir -p "$building/"{upper,work,root}
    if ! unshare --mount --propagation slave bash -euo pipefail \
        "$lab_source/lib/layer-build.sh" "$name" "$building" "$(layer_stack "$below")" "$controller_namespace" \
        "$(repository_directory)" "$run_directory/etc-hosts" >"$cache_directory/$name.log" 2>&1; then
        tail -n 20 "$cache_directory/$name.log" >&2
        fail "building the layer $name failed; all of its output is in $cache_directory/$name.log"
    fi
    mv "$building/upper" "$target"
    rm -rf "$building"
}

# Layers and repositories of earlier days and sources, and builds that failed, go, unless a host of any lab stands on them.
cache_prune() {
    local directory name kept
    kept=$(repository_directory
           for name in debian common balancer dnf zypper hypervisor; do layer_path "$name"; done
           guest_image
           cat "$lab_directory"/run-*/hosts/*/layers 2>/dev/null | tr : '\n'
           cat "$lab_directory"/run-*/guest-image 2>/dev/null
           readlink "$lab_directory"/run-*/repository)
    for directory in "$cache_directory"/{debian,common,balancer,dnf,zypper,hypervisor,guest,repository}-*; do
        [[ -d $directory ]] || continue
        grep -qxF -- "$directory" <<<"$kept" || rm -rf "$directory"
    done
}
