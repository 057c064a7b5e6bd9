import FettleDriverKit

/// What is asked of libvirt on a hypervisor, in one round trip: by its own client, for reading only.
enum LibvirtSection {
    /// With no word behind, or with a machine's UUID.
    static let commands: [(command: RootCommand, hasMachine: Bool)] = [
        (version, false), (node, false), (names, false), (uuids, false), (active, false), (autostart, false),
        (snapshots, false), (transient, false), (saved, false), (describe, true), (job, true), (reason, true),
    ]
    static let version = VirshCommand.read("version")
    static let node = VirshCommand.read("nodeinfo")
    static let names = VirshCommand.read("list", "--all", "--uuid", "--name")
    static let uuids = VirshCommand.read("list", "--all", "--uuid")
    static let active = VirshCommand.read("list", "--uuid")
    static let autostart = VirshCommand.read("list", "--all", "--uuid", "--autostart")
    static let snapshots = VirshCommand.read("list", "--all", "--uuid", "--with-snapshot")
    static let transient = VirshCommand.read("list", "--all", "--uuid", "--transient")
    static let saved = VirshCommand.read("list", "--all", "--uuid", "--with-managed-save")
    static let describe = VirshCommand.read("dumpxml")
    static let job = VirshCommand.read("domjobinfo")
    static let reason = VirshCommand.read("domstate", "--reason")

    static let name = "libvirt"

    /// Each answer stands behind a line `NONCE NAME` or `NONCE NAME UUID`: what a machine says of itself can be anything.
    ///
    /// A machine that is gone before it was described has no answer of that name, which tells that the look was not of one moment.
    static func make() throws(ShellQuoteError) -> SectionedScript.Section {
        func words(_ command: RootCommand) throws(ShellQuoteError) -> String { try shellQuoted(command.commandLine) }
        return SectionedScript.Section(
            name: Self.name, limit: 16 * 1_024 * 1_024,
            body: #"""
                if ! [ -x \#(VirshCommand.program) ]; then return 77; fi
                if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                ask() { name=$1; shift; printf '%s %s\n' "$nonce" "$name"; within 20 $root "$@" </dev/null; }
                ask version \#(try words(version)) && ask node \#(try words(node)) && ask names \#(try words(names)) &&
                    ask active \#(try words(active)) &&
                    ask autostart \#(try words(autostart)) && ask snapshots \#(try words(snapshots)) &&
                    ask transient \#(try words(transient)) && ask saved \#(try words(saved)) || return 1
                running=$(within 20 $root \#(try words(active)) </dev/null) || return 1
                for id in $(within 20 $root \#(try words(uuids)) </dev/null); do
                    case $id in *[!0-9a-f-]*) continue ;; esac
                    ask "domain $id" \#(try words(describe)) "$id" || continue
                    case $running in
                        *"$id"*)
                            ask "job $id" \#(try words(job)) "$id"
                            ask "reason $id" \#(try words(reason)) "$id" ;;
                    esac
                done
                printf '%s end\n' "$nonce"
                """#)
    }
}
