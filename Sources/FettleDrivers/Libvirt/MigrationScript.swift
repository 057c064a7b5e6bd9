import FettleDriverKit

/// The shell text that moves one machine and calls the move off, or lets it go on in the other way, when it takes too long. virsh has
/// a limit of its own only for pausing the machine.
///
/// Its status is virsh's, or `tooSlowStatus`.
enum MigrationScript {
    static let tooSlowStatus: Int32 = 75

    /// - Parameters:
    ///   - migrate: moves the machine, and returns when that has ended.
    ///   - tooSlow: what is done once the time is over.
    ///   - limitSeconds: the time.
    ///
    /// What is waited for is a process of the user's own: sudo's is root's, which the user may not even ask for (EPERM).
    static func text(migrate: RootCommand, tooSlow: RootCommand, limitSeconds: Int) throws(ShellQuoteError) -> String {
        #"""
        if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
        { $root \#(try shellQuoted(migrate.commandLine)) </dev/null >/dev/null; exit "$?"; } &
        move=$!
        end=$(($(date +%s) + \#(max(1, limitSeconds))))
        late=
        while kill -0 "$move" 2>/dev/null; do
            sleep 0.2 2>/dev/null || sleep 1
            if [ -z "$late" ] && [ "$(date +%s)" -ge "$end" ]; then
                late=1
                echo 'the time limit of the move is over' >&2
                $root \#(try shellQuoted(tooSlow.commandLine)) </dev/null >/dev/null
            fi
        done
        wait "$move"
        status=$?
        if [ "$status" != 0 ] && [ -n "$late" ]; then exit \#(tooSlowStatus); fi
        exit "$status"
        """#
    }
}
