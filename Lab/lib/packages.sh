# shellcheck shell=bash
# The lab's own signed repository, http://packages.lab: built from packages/debian/ into the cache, anew when a source changes.

repository_directory() { printf '%s/repository-%s\n' "$cache_directory" "$(repository_key)"; }
repository_key() { tree_key packages/debian lib/packages.sh; }

# Sixteen hexadecimal digits that stand for the names and contents of files and trees of the lab's sources. Names are relative:
# another clone of the same sources finds what this one has built.
tree_key() {
    (cd "$lab_source" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

# suite, label and packages of each suite: packages are name=version
suite_table() { awk '!/^#/ && NF' "$lab_source/packages/debian/suites"; }

require_suite() {
    suite_table | awk '{ print $1 }' | grep -qxF -- "$1" ||
        fail "no suite of the lab is called $1: $(suite_table | awk '{ printf "%s ", $1 }')"
}

repository_build() {
    local target building suite label names
    target=$(repository_directory)
    [[ ! -d $target ]] || return 0
    building=$target.building
    rm -rf "$building"
    mkdir -p "$building/pool"
    while read -r suite label names; do
        # shellcheck disable=SC2086 # names is a list of words
        repository_build_suite "$building" "$suite" "$label" $names
    done < <(suite_table)
    repository_sign "$building"
    rm -rf "$building/trees"
    mv "$building" "$target"
}

repository_build_suite() {
    local root=$1 suite=$2 label=$3 entry index
    shift 3
    index=$root/dists/$suite/main/binary-amd64
    mkdir -p "$index" "$root/pool/$suite"
    for entry; do package_build "$root" "${entry%%=*}" "${entry#*=}" "$root/pool/$suite"; done
    (
        cd "$root" || exit
        apt-ftparchive packages "pool/$suite" >"$index/Packages"
        gzip -k9 "$index/Packages"
        apt-ftparchive -o "APT::FTPArchive::Release::Origin=FettleLab" -o "APT::FTPArchive::Release::Label=$label" \
            -o "APT::FTPArchive::Release::Suite=$suite" -o "APT::FTPArchive::Release::Codename=$suite" \
            -o "APT::FTPArchive::Release::Components=main" -o "APT::FTPArchive::Release::Architectures=amd64" \
            release "dists/$suite" >release.new
        mv release.new "dists/$suite/Release"
    )
}

# A package is its control file, files/ of all versions, and over them the directory of its version, if it has one.
package_build() {
    local root=$1 name=$2 version=$3 pool=$4 source=$lab_source/packages/debian/$2 tree
    tree=$root/trees/${name}_$version
    mkdir -p "$tree/DEBIAN"
    cp -a "$source/files/." "$tree/"
    [[ ! -d $source/$version ]] || cp -a "$source/$version/." "$tree/"
    cp "$source/control" "$tree/DEBIAN/control"
    find "$tree" -type f -exec sed -i "s/@VERSION@/$version/g" {} +
    find "$tree" -type d -exec chmod 755 {} +
    find "$tree" -type f -exec chmod 644 {} +
    find "$tree/DEBIAN" -name '*inst' -exec chmod 755 {} + -o -name '*rm' -exec chmod 755 {} +
    # With a fixed date the same sources give the same bytes: lists in layers hold for a repository that is built anew.
    SOURCE_DATE_EPOCH=1767225600 dpkg-deb --root-owner-group -Zgzip --build "$tree" "$pool" >/dev/null
}

# One key for as long as the cache lives: hosts of a lab that is up trust a repository that was built anew meanwhile.
repository_sign() {
    local release home key=$cache_directory/signing-key.asc
    # gpg keeps sockets in its home, and a socket's path has 107 bytes at most: not below a directory of any length.
    home=$(mktemp -d /tmp/fettle-lab-gpg.XXXXXX)
    if [[ ! -f $key ]]; then
        gpg_of "$home" --passphrase '' --quick-generate-key 'Fettle lab <lab@fettle.invalid>' ed25519 sign never
        (umask 077 && gpg_of "$home" --armor --export-secret-keys >"$key")
    else
        gpg_of "$home" --import "$key"
    fi
    for release in "$1"/dists/*/Release; do
        gpg_of "$home" --clearsign --output "${release%/*}/InRelease" "$release"
    done
    gpg_of "$home" --export >"$1/fettle-lab.gpg"
    gpgconf --homedir "$home" --kill all
    rm -rf "$home"
}

gpg_of() { local home=$1; shift; gpg --homedir "$home" --batch --quiet --no-tty --no-permission-warning "$@"; }

packages_up() {
    repository_build
    # The server looks through this link at each request, so that a change of the sources reaches a lab that is up.
    ln -sfn "$(repository_directory)" "$run_directory/repository"
    if daemon_is_running packages; then return 0; fi
    start_daemon packages ip netns exec "$switch_namespace" /usr/bin/python3 -m http.server \
        --directory "$run_directory/repository" --bind "$packages_address" 80
    wait_until 10 packages_answer || fail "the lab's repository does not answer; see $run_directory/log/packages"
}

packages_answer() {
    ip netns exec "$controller_namespace" bash -c ": <>/dev/tcp/$packages_address/80" 2>/dev/null
}
