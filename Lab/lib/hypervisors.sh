# shellcheck shell=bash
# What makes a host a hypervisor: files that all of them share, certificates by which they know each other, more rights.

# Disks of virtual machines, which every hypervisor sees at /srv/guests: shared storage without a network.
guests_directory() { printf '%s/guests' "$run_directory"; }

# hypervisor_seed NAME SEED
hypervisor_seed() {
    local name=$1 seed=$2
    mkdir -p "$(guests_directory)"
    {
        # QEMU opens /dev/net/tun, and libvirt sets up what it makes of it.
        echo --capability=CAP_NET_ADMIN
        echo "--bind=$(guests_directory):/srv/guests"
        echo "--bind-ro=$(guest_image):/srv/guest-image"
    } >"$(host_directory "$name")/machine"
    certificate_authority
    certificate "$name" "$seed"
}

# One authority for each lab, made anew with it.
certificate_authority() {
    local authority=$run_directory/keys/authority
    [[ ! -f $authority.pem ]] || return 0
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Fettle lab $lab_name" \
        -keyout "$authority.key" -out "$authority.pem" 2>/dev/null
}

# Where libvirt looks for them, as a server and as a client; and QEMU, for what it sends itself.
certificate() {
    local name=$1 pki=$2/etc/pki authority=$run_directory/keys/authority extensions
    mkdir -p "$pki/CA" "$pki/libvirt/private" "$pki/qemu"
    extensions=$(mktemp)
    printf 'subjectAltName=DNS:%s,IP:%s\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n' \
        "$name" "$(host_field "$name" 2)" >"$extensions"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
        -keyout "$pki/libvirt/private/serverkey.pem" 2>/dev/null |
        openssl x509 -req -days 30 -CA "$authority.pem" -CAkey "$authority.key" -CAcreateserial \
            -extfile "$extensions" -out "$pki/libvirt/servercert.pem" 2>/dev/null
    rm -f "$extensions"
    cp "$authority.pem" "$pki/CA/cacert.pem"
    cp "$pki/libvirt/servercert.pem" "$pki/libvirt/clientcert.pem"
    cp "$pki/libvirt/private/serverkey.pem" "$pki/libvirt/private/clientkey.pem"
    cp "$authority.pem" "$pki/qemu/ca-cert.pem"
    for side in server client; do
        cp "$pki/libvirt/servercert.pem" "$pki/qemu/$side-cert.pem"
        # QEMU does not run as root; by number, because names are the machine's here (Debian gives it this one).
        install -m 400 -o 64055 -g 64055 "$pki/libvirt/private/serverkey.pem" "$pki/qemu/$side-key.pem"
    done
}

# virsh as root on a hypervisor.
virsh_on() { local name=$1; shift; in_host "$name" virsh --quiet --connect qemu:///system "$@"; }

hypervisor_answers() { virsh_on "$1" version >/dev/null 2>&1; }

running_hypervisors() {
    local name
    for name in $(running_lab_hosts); do [[ $(host_field "$name" 5) != hypervisor ]] || echo "$name"; done
}
