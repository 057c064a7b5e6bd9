/// The first thing that a channel's shell is told: it turns a `/bin/sh` that reads its standard input into a channel.
///
///     sshd ─> /bin/sh (outer, reads this text and waits)
///              ├─ relay: cat ──────┐ passes on what we send
///              └─ /bin/sh (inner) <┘ runs one frame after the other
///
/// Why the relay: when a command has to be stopped, killing our `ssh` would leave the command running on the target,
/// since without a terminal sshd tells it nothing. So the relay watches for the end of our input and then ends the
/// whole process group, which sshd made a session of its own.
///
/// - We end the input and still listen: that is the order to stop. TERM, three seconds later KILL.
///   The relay lets go of the output after TERM, so that the connection ends as soon as the command has.
/// - We are gone (crash, network): the write to the output fails, and the relay does nothing. A lost line is no order
///   to stop: the command may be dpkg, and it is better that it finishes. The inner shell then reads the end and ends.
/// - Nothing runs: the inner shell has ended by `exit`, the write to it fails, and all is over at once.
///
/// If the inner shell dies, the group is ended too, so that we see the end of output at once and not a silence.
enum ShellBootstrap {
    /// How long the relay waits before it looks whether we still listen: a line that is being lost closes its two
    /// directions one after the other.
    static let stopDelay = Duration.seconds(1)

    /// The frame whose output is the number of the user that the channel runs as.
    static func text(mark: CommandFrame.Mark) -> [UInt8] {
        let (first, second) = mark.halves
        // Without single quotes in it: it is itself quoted. The mark's halves are joined by a backslash, which the
        // shell takes away. $k is `kill`, or `:` where a group of our own cannot be had.
        let channel = """
            exec 3>&1
            { exec 2>/dev/null; cat; echo && sleep \(stopDelay.components.seconds) && echo && echo >&3 && \
            { trap : TERM; $k -TERM 0; exec 3>&-; sleep 3; $k -KILL 0; }; } | {
            echo \(first)\\\(second); echo \(first)\\\(second) >&2
            id -u; echo; echo \(first)\\\(second) 0; { echo; echo \(first)\\\(second) 0; } >&2
            /bin/sh 3>&-
            $k -TERM 0
            }
            """
        return Array(
            """
            PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"; LC_ALL=C; export PATH LC_ALL
            unset CDPATH ENV BASH_ENV LANGUAGE; cd /; p='\(channel)'
            s=; IFS= read -r s 2>/dev/null </proc/$$/stat; s=${s##*) }; set -- $s
            if [ "${3:-$(ps -o pgid= -p $$ 2>/dev/null | tr -d ' ')}" = $$ ]; then k=kill; eval "$p"
            elif command -v setsid >/dev/null 2>&1; then setsid /bin/sh -c "k=kill
            $p"; else k=:; eval "$p"; fi

            """.utf8)
    }
}
