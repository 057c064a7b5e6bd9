# shellcheck shell=bash
# What is on offer to a host: a test enables a suite of the lab's repository on the hosts that shall see its versions.

offers_offer() {
    local suite=${1:-} names
    (( $# > 1 )) || wrong_usage 'offer SUITE HOST...'
    shift
    require_suite "$suite"
    names=$(matching_hosts "$@")
    offered_suite=$suite
    # shellcheck disable=SC2086 # names of hosts have no blanks
    in_parallel 4 offer_to_host $names
}

offer_to_host() {
    local file=sources.list.d/$offered_suite.sources
    sed "s/@SUITE@/$offered_suite/" "$lab_source/config/suite.sources" |
        in_host "$1" tee "/etc/apt/$file" >/dev/null
    # This suite's list alone: the others are as new as the layer, and the hosts need no more than they see.
    in_host "$1" apt-get -qq -o "Dir::Etc::SourceList=$file" -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 update ||
        fail "$1 could not fetch the list of $offered_suite"
}

offers_withdraw() {
    local suite=${1:-} names
    (( $# > 1 )) || wrong_usage 'withdraw SUITE HOST...'
    shift
    require_suite "$suite"
    names=$(matching_hosts "$@")
    offered_suite=$suite
    # shellcheck disable=SC2086 # names of hosts have no blanks
    in_parallel 4 withdraw_from_host $names
}

withdraw_from_host() {
    # shellcheck disable=SC2016 # expanded by the host's shell
    in_host "$1" sh -c 'rm -f "/etc/apt/sources.list.d/$1.sources" /var/lib/apt/lists/packages.lab_dists_"$1"_*' \
        withdraw "$offered_suite"
}
