import FettleDriverKit

/// What a pulse asks of a host: files that every Linux has, and systemd. Nothing is written, and nothing needs root but the
/// messages of the kernel and the dumps of other users' programs; what may not be read is told as not known.
enum PulseSections {
    /// A line `name value` for each number; what a kernel does not have is left out.
    static let host = SectionedScript.Section(
        name: "host", limit: 64 * 1_024,
        body: #"""
                echo "now $(date +%s)"
                read -r id </proc/sys/kernel/random/boot_id && echo "boot $id"
                read -r up idle </proc/uptime && echo "uptime $up"
                grep -s '^oom_kill ' /proc/vmstat
                grep -s '^MemTotal:' /proc/meminfo
                if read -r taint </proc/sys/kernel/tainted; then echo "taint $taint"; fi 2>/dev/null
                for kind in cpu memory io; do
                    sed -n "s/^some.* total=\([0-9]*\).*/stall $kind \1/p" "/proc/pressure/$kind" 2>/dev/null
                done
                grep -s '^cpu ' /proc/stat
                if [ -e /run/systemd/container ] || [ -e /run/.containerenv ] || [ -e /.dockerenv ]; then echo container; fi
                :
            """#)

    static let units = SectionedScript.Section(
        name: "units", limit: 2 * 1_024 * 1_024,
        body: #"""
                if ! have systemctl; then echo 'this host has no systemd' >&2; return 1; fi
                properties=Id,SubState,NRestarts,MainPID,ActiveEnterTimestampMonotonic,TasksMax,MemoryMax
                within 20 systemctl --no-pager show --property=$properties '*.service'
            """#)

    /// Of every process its control group, memory, threads, descriptors and their limit, each line with its file's name in
    /// front. Since Linux 6.2 the size of `/proc/PID/fd` is the number of descriptors, for everybody to see; before that only
    /// root may count those of others.
    static func processes(countingAsRoot command: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "processes", limit: 8 * 1_024 * 1_024,
            body: #"""
                    set +f
                    grep -sHE '^(0:|[0-9]+:name=systemd:)' /proc/[0-9]*/cgroup
                    grep -sHE '^(RssAnon|RssShmem|VmRSS|Threads):' /proc/[0-9]*/status
                    grep -sHE '^Max open files ' /proc/[0-9]*/limits
                    if [ "$(stat -L -c %s /proc/self/fd 2>/dev/null || echo 0)" -gt 0 ]; then
                        stat -c '%n:%s' /proc/[0-9]*/fd 2>/dev/null
                    else
                        if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                        $root \#(command) 2>/dev/null | awk '
                            /^\/proc\/[0-9]+\/fd:$/ { if (name != "") print name n; name = $0; n = 0; next }
                            /./ { n++ }
                            END { if (name != "") print name n }'
                    fi
                    grep -sH '^oom_kill ' /sys/fs/cgroup/system.slice/*.service/memory.events
                    :
                """#)
    }

    /// Exact words, as `ProcessSections.mapsCommand`: lists the descriptors of every process, and nothing else.
    static let descriptorsCommand = RootCommand([
        "/usr/bin/find", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "fd", "-exec", "/bin/ls", "-U1", "{}",
        "+",
    ])

    /// Crashes and messages of the kernel since a moment of the host's own clock.
    ///
    /// - Parameters:
    ///   - dumps: `coredumpctl`, quoted for a shell.
    ///   - kernel: `journalctl`, likewise.
    static func crashes(dumps: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "crashes", limit: 512 * 1_024,
            body: #"""
                    if ! have coredumpctl; then return 77; fi
                    if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                    said=$(within 20 $root \#(dumps) 2>&1)
                    case $? in
                        0) printf '%s\n' "$said" | tail -n 2000 ;;
                        *) case $said in
                            *'No coredumps found'*) : ;;
                            *) printf '%s\n' "$said" | tail -n 3 >&2; return 1 ;;
                        esac ;;
                    esac
                """#)
    }

    static func kernel(messages: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "kernel", limit: 1_024 * 1_024,
            body: #"""
                    if [ -e /run/systemd/container ] || [ -e /run/.containerenv ] || [ -e /.dockerenv ]; then return 77; fi
                    if ! have journalctl; then echo 'this host has no journal' >&2; return 1; fi
                    if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                    within 20 $root \#(messages)
                """#)
    }

    static func dumpsCommand(since seconds: Int64) -> RootCommand {
        RootCommand(dumpWords + ["--since=@\(max(0, seconds))"])
    }

    static func messagesCommand(since seconds: Int64) -> RootCommand {
        RootCommand(messageWords + ["--since=@\(max(0, seconds))"])
    }

    private static let dumpWords = ["/usr/bin/coredumpctl", "--no-pager", "--no-legend", "list"]
    private static let messageWords = [
        "/usr/bin/journalctl", "--no-pager", "--quiet", "--dmesg", "--output=cat", "--lines=5000",
    ]

    static func sudoRules() throws(SudoRuleError) -> [SudoRule] {
        let since = try SudoWord(prefix: "--since=@", first: "0123456789", following: "0123456789")
        func rule(_ words: [String], _ last: [SudoRule.Argument], _ reason: String) throws(SudoRuleError) -> SudoRule {
            try SudoRule(
                program: words[0], arguments: words.dropFirst().map { .exact($0) } + last, reason: reason)
        }
        return [
            try rule(
                descriptorsCommand.arguments, [],
                "Bake: counts the open files of services, on kernels before 6.2. Reads /proc/PID/fd only."),
            try rule(dumpWords, [.word(since)], "Bake: which programs have crashed since"),
            try rule(messageWords, [.word(since)], "Bake: what the kernel has complained of since"),
        ]
    }
}

/// The script of one pulse.
enum PulseScript {
    /// - Parameters:
    ///   - seconds: since 1970 by the host's clock: crashes and messages after that are told; nil: they are not asked for, which is much cheaper.
    static func make(
        since seconds: Int64?, nonce: String = SectionedScript.makeNonce()
    ) throws(ShellQuoteError) -> SectionedScript {
        let descriptors = try shellQuoted(PulseSections.descriptorsCommand.commandLine)
        var sections = [
            PulseSections.host, PulseSections.units, PulseSections.processes(countingAsRoot: descriptors),
            SystemSections.disks,
        ]
        if let seconds {
            sections += [
                PulseSections.crashes(dumps: try shellQuoted(PulseSections.dumpsCommand(since: seconds).commandLine)),
                PulseSections.kernel(
                    messages: try shellQuoted(PulseSections.messagesCommand(since: seconds).commandLine)),
            ]
        }
        return SectionedScript(sections: sections, nonce: nonce)
    }
}
