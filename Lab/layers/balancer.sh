# shellcheck shell=sh
# Run inside the `common` layer: lb-1, with HAProxy and a program that talks to its admin socket.
export DEBIAN_FRONTEND=noninteractive
# Of the point release, so that a security update of HAProxy would be pending like the others.
apt-get install -y --no-install-recommends -t bookworm haproxy socat
apt-get clean
apt-get --simulate upgrade >/dev/null
