internal import FettleDriverKit
internal import FettleModel

/// HAProxy on another machine: each command through the channel that is open to it anyway, so without a handshake, to
/// whatever there can pass it on to a UNIX socket. Nothing is left on the machine.
struct RelayedAdminSocket: AdminSocket {
    let path: String
    let address: ResourceAddress
    let channels: any ChannelProvider
    let place: String
    var timeout = AdminSocketLimits.timeout

    /// Statuses by which the script below says what is missing; not used by the programs that it calls.
    enum Status {
        static let noSocket: Int32 = 91
        static let noPermission: Int32 = 92
        static let noRelay: Int32 = 93
    }

    func ask(_ command: String) async throws(HAProxyError) -> String {
        let input = Array((command + "\n").utf8)
        let result = try await run(
            RemoteCommand(
                script: script, input: input, timeout: timeout, outputLimit: AdminSocketLimits.answerBytes))
        switch result.status {
        case 0: return result.outputText
        case Status.noPermission: return try await askAsRoot(input)
        case Status.noSocket:
            throw HAProxyError(
                .unreachable, "there is no such socket: is HAProxy running, with this `stats socket`?", place: place)
        case Status.noRelay:
            throw HAProxyError(
                .noRelay,
                "nothing there can talk to a UNIX socket: install socat, netcat-openbsd, perl or python3",
                place: place)
        default:
            let words = SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
            throw HAProxyError(.unreachable, "nobody answers there: \(words)", place: place)
        }
    }

    /// The one root command of this driver, which `sudoRules` permits letter by letter.
    private func askAsRoot(_ input: [UInt8]) async throws(HAProxyError) -> String {
        let command = RemoteCommand(
            root: Self.rootCommand(path: path), input: input, timeout: timeout,
            outputLimit: AdminSocketLimits.answerBytes)
        do throws(HAProxyError) {
            let result = try await run(command)
            if result.succeeded { return result.outputText }
        } catch {
            if error.code != .permission { throw error }
        }
        throw HAProxyError(
            .permission,
            "the user that Fettle connects as may not use the socket: add it to the socket's group, or install socat and "
                + "the rule that `fettle access sudoers` prints",
            place: place)
    }

    private func run(_ command: RemoteCommand) async throws(HAProxyError) -> CommandResult {
        do throws(AccessError) {
            return try await channels.channel(to: address).run(command)
        } catch {
            throw HAProxyError(error, place: place)
        }
    }

    static func rootCommand(path: String) -> RootCommand {
        RootCommand(["/usr/bin/socat", "-t10", "-", "UNIX-CONNECT:\(path)"])
    }

    /// `path` holds nothing that a shell or socat would read as more than a character: see `HAProxyNames.isSocketPath`.
    ///
    /// The relays in the order of how well they do it. Some `nc` (traditional, busybox) have no `-U`. perl is in every
    /// Debian and Ubuntu, python3 in every Red Hat.
    var script: String {
        """
        s='\(path)'
        [ -S "$s" ] || exit \(Status.noSocket)
        [ -r "$s" ] && [ -w "$s" ] || exit \(Status.noPermission)
        if command -v socat >/dev/null; then exec socat -t10 - "UNIX-CONNECT:$s"; fi
        if command -v nc >/dev/null && nc -h 2>&1 | grep -q -e '-[A-Za-z0-9]*U'; then exec nc -U "$s"; fi
        if command -v perl >/dev/null && perl -MIO::Socket::UNIX -e 1 2>/dev/null; then
        exec perl -MIO::Socket::UNIX -e '\(Self.perl)' "$s"; fi
        if command -v python3 >/dev/null; then exec python3 -c '\(Self.python)' "$s"; fi
        exit \(Status.noRelay)
        """
    }

    private static let perl =
        "my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die \"$!\\n\"; "
        + "$s->print($_) while <STDIN>; $s->flush; print while <$s>;"

    private static let python =
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        + "s.sendall(sys.stdin.buffer.read()); [sys.stdout.buffer.write(b) for b in iter(lambda: s.recv(65536), b\"\")]"

    /// What the user needs in `sudoers` where it cannot be in the socket's group.
    static func sudoRules(path: String) throws(SudoRuleError) -> [SudoRule] {
        guard HAProxyNames.isSocketPath(path) else { throw SudoRuleError("not the path of an admin socket") }
        let arguments = rootCommand(path: path).arguments
        return [
            try SudoRule(
                program: arguments[0], arguments: arguments.dropFirst().map { .exact($0) },
                reason:
                    "Takes servers out of HAProxy and puts them back; not needed if the user is in the socket's group.")
        ]
    }
}
