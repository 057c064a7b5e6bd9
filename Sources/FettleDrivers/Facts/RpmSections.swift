/// What is asked of rpm and of dnf or zypper above it. Repositories are not refreshed: what the host last fetched
/// counts.
///
/// Asked by root, dnf adds lines to its own logs under `/var/log`, which it offers no way to prevent; nothing else is
/// written. Where dnf is asked by another user, it reads the system's cache.
enum RpmSections {
    /// Sets `database` to the directory of rpm's database; empty if the host has none. It is looked for as a file,
    /// because on Debian `rpm` itself would make an empty one in the user's home.
    static let database = #"""
        database=
        for directory in /usr/lib/sysimage/rpm /var/lib/rpm; do
            for file in rpmdb.sqlite Packages.db Packages; do
                if [ -s "$directory/$file" ]; then database=$directory; fi
            done
        done
        if ! have rpm; then database=; fi
        """#

    static let packages = SectionedScript.Section(
        name: "rpm", limit: 8 * 1_024 * 1_024,
        body: #"""
                \#(database)
                if [ -z "$database" ]; then return 77; fi
                echo "architecture $(rpm -E %_arch)"
                rpm --dbpath "$database" -qa --queryformat '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{SOURCERPM}\n'
            """#)

    /// The newest version of each package that has one, the advisories for versions newer than what is installed, and what the plugin
    /// versionlock holds, where it is there and switched on.
    static let dnf = SectionedScript.Section(
        name: "dnf", limit: 4 * 1_024 * 1_024,
        body: #"""
                \#(database)
                if [ -z "$database" ] || ! have dnf; then return 77; fi
                # dnf 5 ends a line only where the format says so; dnf 4 always does, and leaves empty lines.
                within 60 dnf -q -C repoquery --upgrades --queryformat \
                    '%{name}\t%{arch}\t%{epoch}\t%{version}\t%{release}\t%{repoid}\t%{sourcerpm}\n' || return
                echo advisories
                within 60 dnf -q -C updateinfo list --updates || return
                echo locks
                settings=/etc/dnf/plugins/versionlock.conf
                if [ -e "$settings" ] && grep -Eiq '^[[:space:]]*enabled[[:space:]]*=[[:space:]]*(1|yes|true|on)' "$settings"; then
                    list=$(sed -n 's/^[[:space:]]*locklist[[:space:]]*=[[:space:]]*//p' "$settings" | tail -n 1)
                    list=${list:-/etc/dnf/plugins/versionlock.list}
                    if [ -e "$list" ]; then head -n 3000 "$list"; fi
                fi
            """#)

    /// Three XML documents, and the text that tells which packages a patch is about.
    static let zypper = SectionedScript.Section(
        name: "zypper", limit: 4 * 1_024 * 1_024,
        body: #"""
                \#(database)
                if [ -z "$database" ] || ! have zypper; then return 77; fi
                ask() { ZYPP_LOGFILE=/dev/null within 60 zypper --non-interactive --no-refresh "$@"; }
                ask --xmlout list-updates --all || return
                echo locks
                ask --xmlout locks || return
                echo patches
                patches=$(ask --xmlout list-patches) || return
                printf '%s\n' "$patches"
                echo contents
                names=$(printf '%s\n' "$patches" | tr '<' '\n' | sed -n 's/^update kind="patch" name="\([A-Za-z0-9:._+-]*\)".*/\1/p')
                if [ -n "$names" ]; then ask --quiet info --type patch -- $names; fi
            """#)

    /// For hosts without Debian's `/run/reboot-required`: what was updated since the last boot and is of use only
    /// after the next. Prints `required` and the packages.
    static let reboot = #"""
        if have needs-restarting; then
            answer=$(within 60 needs-restarting -r)
            case $? in
                0) return 0 ;;
                1) echo required; printf '%s\n' "$answer" | sed -n 's/^ *\* *//p'; return 0 ;;
                *) return 1 ;;
            esac
        elif have zypper; then
            ZYPP_LOGFILE=/dev/null within 60 zypper --non-interactive --no-refresh --quiet needs-rebooting >/dev/null
            case $? in
                0) return 0 ;;
                102) echo required; return 0 ;;
                *) return 1 ;;
            esac
        fi
        echo 'needs-restarting (of dnf-utils) is not installed' >&2
        return 1
        """#
}
