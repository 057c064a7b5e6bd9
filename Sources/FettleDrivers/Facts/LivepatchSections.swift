/// What is asked about patches to the running kernel. On a host without any it costs no process.
enum LivepatchSections {
    /// Each line of a tool's answer carries the tool's name; the last one of each is `ended STATUS`, and where that is missing the
    /// answer was cut.
    static let livepatches = SectionedScript.Section(
        name: "livepatch", limit: 1_024 * 1_024,
        body: #"""
                found=77
                set +f
                for path in /sys/kernel/livepatch/*; do
                    if [ -r "$path/enabled" ] && read -r enabled <"$path/enabled"; then
                        transition=0
                        if [ -r "$path/transition" ]; then read -r transition <"$path/transition"; fi
                        printf 'kernel %s %s %s\n' "$enabled" "$transition" "${path##*/}"
                        found=0
                    fi
                done
                set -f
                answer() {
                    name=$1; shift
                    { within 10 "$@" 2>/dev/null; printf '\nended %s\n' "$?"; } | head -c 204800 | sed "s/^/$name /"
                    printf '\n'
                    found=0
                }
                if have kpatch; then answer kpatch kpatch list; fi
                if have klp; then answer klp klp -v patches; fi
                # A snap's program is often in no path of a shell that is not a person's.
                for tool in canonical-livepatch /snap/bin/canonical-livepatch; do
                    if have "$tool"; then answer canonical "$tool" status --verbose --format json; break; fi
                done
                if have kcarectl; then
                    answer kcareuname kcarectl --uname
                    # Of each of some hundred patches only what counts.
                    answer kcareinfo sh -c 'kcarectl --patch-info | sed -n -e "/^uname:/p" -e "/^kpatch-cve:/p"'
                fi
                return "$found"
            """#)
}
