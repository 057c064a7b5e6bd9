#!/usr/bin/env bash
# Builds one overlay layer: runs layers/NAME.sh inside the layers below, in a mount namespace of its own, with the lab's
# sources at /lab. What it leaves in BUILDING/upper is the layer.
#
#   layer-build.sh NAME BUILDING_DIRECTORY LOWER_DIRECTORIES NAMESPACE REPOSITORY_DIRECTORY HOSTS_FILE
set -euo pipefail

source_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$1 building=$2 lower=$3 namespace=$4 repository=$5 hosts_file=$6
root=$building/root

mount -t overlay "layer-$name" -o "lowerdir=$lower,upperdir=$building/upper,workdir=$building/work" "$root"
mkdir "$root/lab"
cp -a "$source_directory/config" "$source_directory/layers" "$source_directory/packages" "$root/lab/"
cp "$repository/fettle-lab.gpg" "$root/lab/"
apt-config dump Acquire::Check-Valid-Until Acquire::Check-Date Acquire::Max-FutureTime >"$root/lab/machine-apt.conf"
cp "$hosts_file" "$root/etc/hosts"
# Nothing that is installed may start: it would run without the system around it.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

"$source_directory/lib/machine.sh" run "$root" "$namespace" /bin/sh -eu "/lab/layers/$name.sh" </dev/null

rm -rf "$root/lab" "$root/usr/sbin/policy-rc.d"
umount "$root"
