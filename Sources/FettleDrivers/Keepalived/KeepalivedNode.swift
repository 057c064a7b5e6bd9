internal import FettleDriverKit
internal import FettleModel

/// One member of a VRRP group at one moment.
struct KeepalivedView: Sendable, Equatable {
    /// What stands in the track file, which keepalived adds to the member's priority.
    let value: Int
    /// Whether the address is on an interface of it: keepalived puts it there as MASTER and takes it away as anything else.
    let holds: Bool
    let isRunning: Bool
    /// Before the question was sent.
    let observedAt: Timestamp

    /// For people: `MASTER, priority -253`.
    var words: String {
        guard isRunning else { return "keepalived does not run" + (holds ? ", and the address is still there" : "") }
        return (holds ? "holds the address" : "does not hold the address") + (value == 0 ? "" : ", priority \(value)")
    }
}

/// keepalived on a member, through the channel to it.
struct KeepalivedNode: Sendable {
    let member: ResourceID
    let address: ResourceAddress
    /// The track file, and the address that moves.
    let file: String
    let virtualAddress: String
    let channels: any ChannelProvider
    var pidFile = Self.pidFile

    /// As Debian's and Red Hat's packages have it.
    static let pidFile = "/run/keepalived.pid"

    var place: String { "keepalived on \(SafeText.lastLines(of: member.rawValue) ?? "?")" }

    private enum Status {
        static let noFile: Int32 = 91
        static let noPermission: Int32 = 92
        static let noTool: Int32 = 93
        static let changed: Int32 = 94
    }

    func look() async throws(StepFailure) -> KeepalivedView {
        let observedAt = Timestamp.now()
        let result = try await run(lookScript)
        let words = result.outputText.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, let value = Int(words[0]), (-1_000...1_000).contains(value) else {
            throw StepFailure(
                code: .drift,
                message: "\(place): in \(file) must stand one whole number, such as 0; there stands "
                    + "'\(SafeText.lastLines(of: String(result.outputText.prefix(80))) ?? "")'")
        }
        return KeepalivedView(
            value: value, holds: words[1] == "holds", isRunning: words[2] == "runs", observedAt: observedAt)
    }

    /// Replaced as a whole: keepalived would read an empty file as 0.
    ///
    /// - Parameter old: what stood there when it was looked at; another value is left alone.
    func set(_ value: Int, insteadOf old: Int) async throws(StepFailure) { _ = try await run(setScript(value, old)) }

    // MARK: Scripts

    /// `file` and `virtualAddress` hold nothing that a shell reads as more than a character.
    private var lookScript: String {
        """
        command -v ip >/dev/null || exit \(Status.noTool)
        [ -f '\(file)' ] && [ ! -L '\(file)' ] || exit \(Status.noFile)
        head -c 64 '\(file)' || exit \(Status.noPermission)
        echo
        a=$(ip -o -4 addr show) || exit \(Status.noTool)
        case "$a" in *' inet \(virtualAddress)/'*) echo holds;; *) echo free;; esac
        p=; [ -r '\(pidFile)' ] && read -r p <'\(pidFile)'
        case $p in ''|*[!0-9]*) echo stopped; exit 0;; esac
        c=$(tr '\\0' ' ' <"/proc/$p/cmdline" 2>/dev/null)
        case $c in keepalived*|/*/keepalived*) echo runs;; *) echo stopped;; esac
        """
    }

    private func setScript(_ value: Int, _ old: Int) -> String {
        let folder = file[..<(file.lastIndex(of: "/") ?? file.startIndex)]
        let name = file[file.index(folder.endIndex, offsetBy: 1)...]
        return """
            umask 022
            [ -f '\(file)' ] && [ ! -L '\(file)' ] || exit \(Status.noFile)
            n='\(folder)/.\(name).fettle-new'
            same() {
            [ "$(head -c 64 '\(file)' | tr -d ' \\n\\t')" = '\(old)' ] || { rm -f "$n"; exit \(Status.changed); }
            }
            same
            printf '%s\\n' '\(value)' >"$n" || exit \(Status.noPermission)
            chmod 644 "$n" && sync "$n" || exit \(Status.noPermission)
            same
            mv -f "$n" '\(file)' && sync '\(folder)/' || exit \(Status.noPermission)
            """
    }

    private func run(_ script: String) async throws(StepFailure) -> CommandResult {
        let result: CommandResult
        do throws(AccessError) {
            result = try await channels.channel(to: address)
                .run(RemoteCommand(script: script, timeout: .seconds(15), outputLimit: 64 * 1_024))
        } catch {
            throw StepFailure(error)
        }
        let (code, words): (StepFailure.Code, String) =
            switch result.status {
            case 0: (.internal, "")
            case Status.noFile:
                (.drift, "there is no track file \(file): keepalived's `track_file` makes it by `init_file 0`")
            case Status.noPermission:
                (.refused, "the user that Fettle connects as may not write \(file) and its folder")
            case Status.noTool: (.refused, "the machine lacks `ip`")
            case Status.changed: (.drift, "somebody else has changed \(file) meanwhile")
            default: (.internal, SafeText.lastLines(of: result.errorText) ?? "status \(result.status)")
            }
        guard result.status == 0 else { throw StepFailure(code: code, message: "\(place): \(words)") }
        return result
    }
}
