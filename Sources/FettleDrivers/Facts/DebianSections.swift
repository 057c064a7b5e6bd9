/// What is asked of dpkg and apt. Nothing here needs root, and nothing writes.
enum DebianSections {
    static let all = [packages, updates]

    static let packages = SectionedScript.Section(
        name: "dpkg", limit: 8 * 1_024 * 1_024,
        body: #"""
                if [ ! -s /var/lib/dpkg/status ] || ! have dpkg-query; then return 77; fi
                dpkg-query -W -f '${db:Status-Want} ${db:Status-Status} ${db:Status-Eflag}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\n'
            """#)

    /// Three questions: the release fields of every package list (`apt-cache policy`), the version table of each installed
    /// package whose candidate is not what is installed (`apt-cache policy NAME...`, one process for all), and the source of
    /// those candidates (`apt-cache show`). The version tables tell every origin of a version, and respect pins, which
    /// `apt-get -s` hides for packages that are held or kept back.
    ///
    /// Root's apt writes its binary caches anew whenever they are out of date. Facts write nothing, so that in this case the
    /// old file is left out, and apt builds the cache in memory.
    static let updates = SectionedScript.Section(
        name: "apt", limit: 4 * 1_024 * 1_024,
        body: #"""
                if [ ! -s /var/lib/dpkg/status ] || ! have dpkg-query; then return 77; fi
                if ! have apt-cache; then echo 'dpkg is here without apt' >&2; return 1; fi
                newer() { [ -n "$(find "$@" 2>/dev/null | head -n 1)" ]; }
                options=
                if [ -w /var/cache/apt ]; then
                    final=/var/cache/apt/pkgcache.bin lists=/var/cache/apt/srcpkgcache.bin sources='/etc/apt /var/lib/apt/lists'
                    if [ ! -f "$lists" ] || newer $sources -newer "$lists"; then
                        options='-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
                    elif [ ! -f "$final" ] || newer $sources /var/lib/dpkg/status -newer "$final"; then
                        options='-o Dir::Cache::pkgcache='
                    fi
                fi
                echo sources
                within 60 apt-cache $options policy || return
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
                printf 'updates\n%s\nrecords\n' "$updates"
                wanted=$(printf '%s\n' "$updates" |
                    awk '/^[^ ]/ { name = substr($0, 1, length($0) - 1) } $1 == "Candidate:" { print name "=" $2 }')
                if [ -z "$wanted" ]; then return 0; fi
                records=$(printf '%s\n' "$wanted" | within 60 xargs apt-cache $options show --) || return
                printf '%s\n' "$records" |
                    sed -n -e '/^Package: /p' -e '/^Version: /p' -e '/^Architecture: /p' -e '/^Source: /p' -e '/^$/p'
            """#)
}
