/// What is asked of dpkg and apt. Nothing here needs root, and nothing writes.
enum DebianSections {
    static let packages = SectionedScript.Section(
        name: "dpkg", limit: 8 * 1_024 * 1_024,
        body: #"""
                if [ ! -s /var/lib/dpkg/status ] || ! have dpkg-query; then return 77; fi
                dpkg-query -W -f '${db:Status-Want} ${db:Status-Status} ${db:Status-Eflag}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\n'
            """#)

    /// Sets `options` for apt so that it writes nothing. Root's apt writes its binary caches anew whenever they are
    /// out of date: in this case the old file is left out, and apt builds the cache in memory.
    static let readOnlyCache = #"""
        newer() { [ -n "$(find "$@" 2>/dev/null | head -n 1)" ]; }
        options=
        if [ -w /var/cache/apt ]; then
            final=/var/cache/apt/pkgcache.bin lists=/var/cache/apt/srcpkgcache.bin
            changed() { newer "$@" ! -name lock ! -path '*/partial*'; }
            if [ ! -f "$lists" ] || changed /etc/apt /var/lib/apt/lists -newer "$lists"; then
                options='-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
            elif [ ! -f "$final" ] || changed /etc/apt /var/lib/apt/lists /var/lib/dpkg/status -newer "$final"; then
                options='-o Dir::Cache::pkgcache='
            fi
        fi
        """#

    /// Three questions: the version table of each installed package whose candidate is not what is installed
    /// (`apt-cache policy NAME...`, one process for all), and if there is any such package the release fields of
    /// every package list (`apt-get indextargets`), and the source of the candidates (`apt-cache show`). The version
    /// tables tell every origin of a version, and respect pins; and unlike `apt-get -s` they name what is held or
    /// kept back.
    ///
    /// - Parameter state: what the first line tells of the state in which apt says this.
    static func updates(_ state: AptState = .untold) -> SectionedScript.Section {
        SectionedScript.Section(name: "apt", limit: 4 * 1_024 * 1_024, body: updatesBody(state.script))
    }

    private static func updatesBody(_ state: String) -> String {
        #"""
            if [ ! -s /var/lib/dpkg/status ] || ! have dpkg-query; then return 77; fi
            if ! have apt-cache; then echo 'dpkg is here without apt' >&2; return 1; fi
            \#(state)
            \#(readOnlyCache)
            updates=$(
                { dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' |
                    sed -n -e '/^not-installed /d' -e '/^config-files /d' -e 's/^[^ ]* //p' |
                    within 60 xargs apt-cache $options policy --; echo "= $?"; } |
                awk '
                    function finish() {
                        if (installed != "(none)" && candidate != "(none)" && installed != candidate) printf "%s", table
                        table = ""; installed = candidate = "(none)"
                    }
                    BEGIN { status = 1; finish() }
                    /^= [0-9]+$/ { finish(); status = $2; next }
                    /^[^ ]/ { finish() }
                    $1 == "Installed:" { installed = $2 }
                    $1 == "Candidate:" { candidate = $2 }
                    { table = table $0 "\n" }
                    END { exit status }'
            ) || return
            if [ -z "$updates" ]; then
                if ! newer /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -size +0; then
                    echo 'the host has no package lists: they were never fetched' >&2
                    return 1
                fi
                return 0
            fi
            echo sources
            format=$(printf '$(%s)\t' DESCRIPTION ORIGIN SUITE CODENAME LABEL COMPONENT)
            within 60 apt-get $options indextargets --format "$format" 'Created-By: Packages' || return
            printf 'updates\n%s\nrecords\n' "$updates"
            wanted=$(printf '%s\n' "$updates" |
                awk '/^[^ ]/ { name = substr($0, 1, length($0) - 1) } $1 == "Candidate:" { print name "=" $2 }')
            records=$(printf '%s\n' "$wanted" | within 60 xargs apt-cache $options show --) || return
            printf '%s\n' "$records" |
                sed -n -e '/^Package: /p' -e '/^Version: /p' -e '/^Architecture: /p' -e '/^Source: /p' -e '/^$/p'
        """#
    }
}
