import FettleDriverKit
import FettleModel

/// A long command on a host that outlives the connection that started it.
///
/// It runs as a transient unit of the host's systemd, and not as a child of the ssh session: an update of openssh-server or
/// of systemd-logind may end sessions, with `KillUserProcesses=yes` everything in them, and dpkg that is killed in the
/// middle leaves packages half installed. systemd also gives what a job needs otherwise: a name that cannot be started
/// twice, a status that stays readable without root until it is taken away, and no shell, so that a `sudo` rule can
/// permit exactly this command.
///
/// Where systemd is not the service manager `setsid` does the same. That needs a shell as root, which no rule permits: it
/// works only for connections as root.
struct DetachedJob: Sendable, Equatable {
    /// Without `.service`; of `[a-z0-9-]`, begins with `fettle-`.
    let name: String
    /// The program's absolute path and its arguments.
    let command: [String]
    /// Set for the command, in this order.
    let environment: [Variable]
    let workingDirectory: String?
    /// More statuses that systemd takes for a success: so that a job which stays as a record does not make the host degraded.
    let successStatuses: [Int]

    struct Variable: Sendable, Equatable {
        let name: String
        let value: String
        var assignment: String { "\(name)=\(value)" }
    }

    /// Output and, without systemd, state of jobs. In memory: a full disk must not hide what the package manager said.
    static let directory = "/run/fettle"
    static let prefix = "fettle-"

    init(
        name: String, command: [String], environment: [Variable] = [], workingDirectory: String? = nil,
        successStatuses: [Int] = []
    ) {
        self.name = name
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.successStatuses = successStatuses
    }

    /// The one name of a step's job in a run, whichever attempt: so that a job that still runs is found again, and a second
    /// one cannot be started beside it.
    static func name(of step: StepID, in run: RunID, part: String) -> String {
        var slug = ""
        for byte in step.rawValue.lowercased().utf8 where slug.utf8.count < 40 {
            let scalar = UnicodeScalar(byte)
            let isPlain = DebianNames.lowercaseAlphanumerics.utf8.contains(byte)
            if isPlain { slug.unicodeScalars.append(scalar) } else if !slug.hasSuffix("-") { slug += "-" }
        }
        return "\(prefix)\(slug)-\(part)-\(fingerprint(of: "\(run.rawValue)\u{0}\(step.rawValue)\u{0}\(part)"))"
    }

    /// FNV-1a over 64 bits: tells names apart, protects nothing.
    private static func fingerprint(of text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    // MARK: Commands

    static let systemdRun = "/usr/bin/systemd-run"
    static let systemctl = "/usr/bin/systemctl"
    static let prepareDirectory = RootCommand(["/usr/bin/install", "-d", "-m", "0755", directory])

    /// The properties of every job.
    ///
    /// - `RemainAfterExit`: the status stays until it was read. 100 is apt's ordinary failure: counted as success by systemd, so
    ///   that it does not call the whole host degraded; the status itself tells.
    /// - `KillMode=process`: daemons that a package's script started the old way stay when the job is taken away.
    /// - `OOMPolicy=continue`: one process killed for memory must not take dpkg with it.
    static let properties = [
        "Type=exec", "RemainAfterExit=yes", "SuccessExitStatus=100", "KillMode=process", "OOMPolicy=continue",
    ]

    var outputFile: String { "\(Self.directory)/\(name)" }

    var startUnderSystemd: RootCommand {
        var words = [Self.systemdRun, "--quiet", "--unit=\(name)"]
        for property in Self.properties { words += ["-p", property] }
        for status in successStatuses { words += ["-p", "SuccessExitStatus=\(status)"] }
        words += ["-p", "StandardOutput=truncate:\(outputFile)"]
        if let workingDirectory { words += ["-p", "WorkingDirectory=\(workingDirectory)"] }
        for variable in environment { words += ["-E", variable.assignment] }
        return RootCommand(words + ["--"] + command)
    }

    var startUnderSetsid: RootCommand {
        let script = #"""
            directory=$1.job; output=$1; place=$2; shift 2
            cd "$place" || exit
            mkdir "$directory" 2>/dev/null || { echo 'the job was already loaded' >&2; exit 1; }
            setsid sh -c '
                directory=$1; shift
                date +%s >"$directory/began"; echo $$ >"$directory/process"
                "$@"; echo $? >"$directory/status.new"; mv "$directory/status.new" "$directory/status"
                ' job "$directory" "$@" >"$output" 2>&1 </dev/null &
            """#
        let assignments = environment.isEmpty ? [] : ["/usr/bin/env"] + environment.map(\.assignment)
        return RootCommand(
            ["/bin/sh", "-c", script, "job", outputFile, workingDirectory ?? "/"] + assignments + command)
    }

    /// Takes the job's status away after it was read, so that the name is free again.
    ///
    /// - Parameter state: its end. One that systemd counts as a success is gone when it is stopped; the
    ///   failure of any other is remembered beyond that.
    static func forget(_ name: String, _ state: State, under systemd: Bool) -> [RootCommand] {
        guard systemd else { return [RootCommand(["/bin/rm", "-rf", "--", "\(directory)/\(name).job"])] }
        let stop = RootCommand([systemctl, "stop", "\(name).service"])
        switch state {
        case .exited(0), .exited(100): return [stop]
        default: return [stop, RootCommand([systemctl, "reset-failed", "\(name).service"])]
        }
    }

    // MARK: State

    /// What a host says of a job.
    enum State: Sendable, Equatable {
        /// `since` in the host's words.
        case running(since: String)
        case exited(status: Int)
        /// Ended by a signal, or without having left a status.
        case killed
    }

    /// Prints a paragraph of `Key=value` lines for each job of Fettle.
    static let listScript = #"""
            if [ -d /run/systemd/system ]; then
                within 20 systemctl --no-pager show --property=Id,ActiveState,SubState,ExecMainCode,ExecMainStatus \
                    --property=ExecMainStartTimestamp,ExecMainStartTimestampMonotonic,ExecMainExitTimestampMonotonic \
                    'fettle-*.service' || return
            fi
            set +f
            for job in /run/fettle/fettle-*.job; do
                if [ ! -d "$job" ]; then continue; fi
                name=${job##*/}
                printf '\nId=%s.service\nExecMainStartTimestamp=@%s\n' "${name%.job}" "$(cat "$job/began" 2>/dev/null)"
                if [ -e "$job/status" ]; then
                    printf 'SubState=exited\nExecMainCode=1\nExecMainStatus=%s\n' "$(cat "$job/status")"
                elif [ ! -e "$job/process" ]; then echo SubState=start
                elif [ -d "/proc/$(cat "$job/process")" ]; then echo SubState=running
                else printf 'SubState=failed\nExecMainCode=2\nExecMainStatus=9\n'; fi
            done
            return 0
        """#

    /// Waits on the host until the job has ended, or for some seconds; at once if the host has no `tail` that can.
    ///
    /// - Parameter name: of `[a-z0-9-]`.
    static func waitScript(for name: String, seconds: Int) -> String {
        #"""
            have timeout || return 0
            process=
            if [ -d /run/systemd/system ]; then
                process=$(within 20 systemctl --no-pager show --property=MainPID --value \#(name).service)
            elif [ -r /run/fettle/\#(name).job/process ]; then read -r process </run/fettle/\#(name).job/process; fi
            case $process in
                '' | 0 | *[!0-9]*) return 0 ;;
            esac
            within \#(seconds) tail -s 0.02 "--pid=$process" -f /dev/null 2>/dev/null
            return 0
        """#
    }

    static func states(_ text: String) -> [String: State] { read(text, state) }

    /// How long jobs that have ended took, in milliseconds, by systemd's own clock; the others are left out.
    static func milliseconds(_ text: String) -> [String: Int] {
        read(text) { fields in
            guard let began: Int = FactText.number(fields["ExecMainStartTimestampMonotonic"] ?? ""),
                let ended: Int = FactText.number(fields["ExecMainExitTimestampMonotonic"] ?? ""), began > 0,
                ended >= began
            else { return nil }
            return (ended - began) / 1_000
        }
    }

    private static func read<Value>(
        _ text: String, _ value: ([Substring: Substring]) -> Value?
    ) -> [String: Value] {
        var values: [String: Value] = [:]
        var fields: [Substring: Substring] = [:]
        func finish() {
            defer { fields = [:] }
            guard let id = fields["Id"], id.hasPrefix(prefix), id.hasSuffix(".service") else { return }
            values[String(id.dropLast(8))] = value(fields)
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                finish()
            } else if let equals = line.firstIndex(of: "=") {
                fields[line[..<equals]] = line[line.index(after: equals)...]
            }
        }
        finish()
        return values
    }

    private static func state(_ fields: [Substring: Substring]) -> State {
        let ended: Set<Substring> = ["exited", "failed", "dead"]
        guard let sub = fields["SubState"], ended.contains(sub) else {
            return .running(since: String(fields["ExecMainStartTimestamp"] ?? ""))
        }
        guard fields["ExecMainCode"] == "1", let status: Int = FactText.number(fields["ExecMainStatus"] ?? "") else {
            return .killed
        }
        return .exited(status: status)
    }
}
