internal import FettleDriverKit
internal import FettleModel

/// Where nginx is on its machine. The packages of Debian, Red Hat and SUSE, and nginx.org's own, all have it there.
struct NginxInstallation: Sendable {
    var program = "/usr/sbin/nginx"
    /// Looked at in this order.
    var pidFiles = ["/run/nginx.pid", "/run/nginx/nginx.pid"]
    /// Of a configuration that is not the one compiled in: what stands before `-T` and `-s`. Only tests have one.
    var options: [String] = []
    /// How long nginx may take from being told to reload until new workers have taken over.
    var reloadTime = Duration.seconds(30)

    /// Reads the configuration as nginx does, says what is wrong with it, and prints it. As root, because keys are read.
    var test: RootCommand { RootCommand([program] + options + ["-T"]) }
    /// Tells the running nginx to take the configuration; returns before it has.
    var reload: RootCommand { RootCommand([program] + options + ["-s", "reload"]) }

    func sudoRules() throws(SudoRuleError) -> [SudoRule] {
        try [
            (test, "Reads nginx's configuration and says whether it is right."),
            (reload, "Has nginx take a configuration in which a server is out, or back."),
        ].map { command, reason throws(SudoRuleError) in
            try SudoRule(
                program: command.arguments[0], arguments: command.arguments.dropFirst().map { .exact($0) },
                reason: reason)
        }
    }

    // MARK: Scripts

    /// Statuses by which the scripts say why they did nothing.
    enum Status {
        static let noFile: Int32 = 91
        static let noPermission: Int32 = 92
        static let noMaster: Int32 = 93
        static let locked: Int32 = 94
        static let foreign: Int32 = 95
        static let changed: Int32 = 96
        static let cut: Int32 = 97
        static let noTool: Int32 = 98
        static let owner: Int32 = 99
    }

    /// All that is to be seen at one moment: the file, whether nginx has taken it, and nginx's processes.
    ///
    /// The file is opened once, so that its digest, its identity and its text are of the same file whatever is moved over it meanwhile.
    ///
    /// "Now" is the start of a process that is just started, because `/proc/uptime` may count from another moment than
    /// the processes' starts do: in a container it is the container's (lxcfs).
    ///
    /// After an upgrade of nginx's program (USR2) the old master is the parent of the new one until its last worker ends
    /// ([Upgrading an executable on the fly](https://nginx.org/en/docs/control.html#upgrade)).
    ///
    /// - Parameter path: of `TrafficSides.isMapPath`, so of nothing that a shell would read as more than a character.
    func look(_ path: String) -> String {
        """
        \(Self.names(path))
        command -v sha256sum >/dev/null && command -v stat >/dev/null || exit \(Status.noTool)
        [ -L "$f" ] && exit \(Status.foreign)
        [ -f "$f" ] || exit \(Status.noFile)
        m=
        for p in \(pidFiles.joined(separator: " ")); do
        [ -r "$p" ] && read -r m <"$p" && break
        done
        case $m in ''|*[!0-9]*) exit \(Status.noMaster);; esac
        t=$(tr '\\0' ' ' <"/proc/$m/cmdline" 2>/dev/null)
        case $t in 'nginx: master process '*) ;; *) exit \(Status.noMaster);; esac
        [ -r "/proc/$m/task/$m/children" ] || exit \(Status.noTool)
        exec 3<"$f" || exit \(Status.noPermission)
        printf 'file %s\\n' "$(stat -L -c '%i %s %Z %z' /proc/self/fd/3) $(sha256sum </proc/self/fd/3 | cut -c1-64)"
        b=$(cut -d' ' -f22 /proc/self/stat); t=$(date +%s.%N)
        case $t in *[!0-9.]*|*.) exit \(Status.noTool);; esac
        printf 'now %s %s %s\\n' "$b" "$t" "$(cut -d' ' -f22 /proc/self/stat)"
        printf 'seal %s\\n' "$(cat "$s" 2>/dev/null | head -n 1)"
        sed -n '2,999s/^/note /p' "$s" 2>/dev/null
        children() {
        i="$2-$(cut -d' ' -f22 "/proc/$2/stat" 2>/dev/null)"
        [ "$1" = child ] && echo "master $i"
        for c in $(cat "/proc/$2/task/$2/children" 2>/dev/null); do
        [ -r "/proc/$c/stat" ] || continue
        printf '%s %s %s %s %s\\n' "$1" "$i" "$c" "$(cut -d' ' -f22 "/proc/$c/stat" 2>/dev/null)" \
        "$(tr '\\0' ' ' <"/proc/$c/cmdline" 2>/dev/null)"
        done
        }
        children child "$m"
        o=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$m/status" 2>/dev/null)
        case $(tr '\\0' ' ' <"/proc/${o:-0}/cmdline" 2>/dev/null) in
        'nginx: master process '*) children old "$o";; esac
        echo text
        exec cat <&3
        """
    }

    /// Puts the text on standard input in the place of the file, as a whole, if the file is still the one that was looked at.
    ///
    /// Before that it is noted that nginx has not taken it: whoever is killed from then on finds that out. Whoever writes at the same
    /// time waits for the lock, and then finds another file.
    ///
    /// - Parameters:
    ///   - digest: of the file that was looked at.
    ///   - size: of the new text, in bytes: a text that was cut on its way is not taken.
    ///   - notes: what of `NginxView.notes` stays true.
    func write(_ path: String, over digest: String, size: Int, notes: String) -> String {
        """
        \(Self.names(path))
        \(Self.lock)
        cat >"$n" && [ "$(wc -c <"$n")" -eq \(size) ] || exit \(Status.cut)
        same() { [ "$(sha256sum <"$f" | cut -c1-64)" = '\(digest)' ] || { rm -f "$n"; exit \(Status.changed); }; }
        same
        chown --reference="$f" "$n" 2>/dev/null || [ -O "$f" ] || { rm -f "$n"; exit \(Status.owner); }
        chmod --reference="$f" "$n" || exit \(Status.noPermission)
        printf 'pending %s\\n%s' "$(sha256sum <"$n" | cut -c1-64)" '\(notes)' >"$s" &&
        sync "$n" "$s" || exit \(Status.noPermission)
        same
        mv -f "$n" "$f" && sync "$d" || exit \(Status.noPermission)
        """
    }

    /// Notes that nginx has taken the file, if it is still this one.
    ///
    /// - Parameters:
    ///   - identity: as `look` prints it.
    ///   - notes: of `NginxView.notes`.
    func seal(_ path: String, _ identity: String, notes: String) -> String {
        """
        \(Self.names(path))
        \(Self.lock)
        i="$(stat -c '%i %s %Z %z' "$f") $(sha256sum <"$f" | cut -c1-64)"
        [ "$i" = '\(identity)' ] || exit \(Status.changed)
        printf '%s\\n%s' "$i" '\(notes)' >"$n" && sync "$n" && mv -f "$n" "$s" || exit \(Status.noPermission)
        """
    }

    /// The file, its folder, and beside it three that begin with a dot, which no `include` by a pattern takes: the lock, the new text,
    /// and the seal.
    private static func names(_ path: String) -> String {
        let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        let name = path[path.index(folder.endIndex, offsetBy: 1)...]
        return """
            umask 022
            f='\(path)'; d='\(folder.isEmpty ? "/" : String(folder))'
            l="$d/.\(name).fettle-lock"; n="$d/.\(name).fettle-new"; s="$d/.\(name).fettle"
            """
    }

    private static let lock = """
        command -v flock >/dev/null || exit \(Status.noTool)
        [ -L "$f" ] && exit \(Status.foreign)
        [ -f "$f" ] || exit \(Status.noFile)
        [ -w "$d" ] || exit \(Status.noPermission)
        exec 9>>"$l" || exit \(Status.noPermission)
        flock -w 10 9 || exit \(Status.locked)
        """
}
