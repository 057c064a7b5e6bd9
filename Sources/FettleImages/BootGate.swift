/// One thing that a booted image has to show. All are asked from inside the machine: whether its network reaches anybody is not asked.
public enum BootGate: Sendable, Hashable {
    /// A unit is active.
    case unit(String)
    /// Somebody listens on the port of the loopback address.
    case tcp(port: Int)
    /// `GET` is answered with a status from 200 to 399.
    case http(port: Int, path: String)
    /// A line that the image's shell runs, and that ends with 0.
    case command(String)

    /// Reads `unit:nginx.service`, `tcp:443`, `http:80/health`, `command:nginx -t`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "unit": self = .unit(parts[1])
        case "tcp":
            guard let port = Int(parts[1]) else { return nil }
            self = .tcp(port: port)
        case "http":
            let place = parts[1].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let port = Int(place[0]) else { return nil }
            self = .http(port: port, path: "/" + (place.count > 1 ? place[1] : ""))
        case "command": self = .command(parts[1])
        default: return nil
        }
        if fault != nil { return nil }
    }

    public var words: String {
        switch self {
        case .unit(let name): "unit:\(name)"
        case .tcp(let port): "tcp:\(port)"
        case .http(let port, let path): "http:\(port)\(path)"
        case .command(let line): "command:\(line)"
        }
    }

    /// What is wrong with it; nil: nothing.
    var fault: String? {
        switch self {
        case .unit(let name):
            Self.isUnit(name) ? nil : "\(name.debugDescription) is no unit's name, such as nginx.service"
        case .tcp(let port): (1...65_535).contains(port) ? nil : "\(port) is no port"
        case .http(let port, let path):
            if !(1...65_535).contains(port) {
                "\(port) is no port"
            } else if !path.hasPrefix("/") || path.utf8.count > 1_024
                || !path.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x5C })
            {
                "\(path.debugDescription) is no path of a URL"
            } else {
                nil
            }
        case .command(let line):
            line.isEmpty || line.utf8.count > 4_096 || line.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
                ? "a gate's command is one line of 1 to 4096 bytes" : nil
        }
    }

    /// systemd.unit(5).
    static func isUnit(_ name: String) -> Bool {
        let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@-\\"
        return (3...255).contains(name.utf8.count) && name.utf8.allSatisfy(allowed.utf8.contains)
            && name.utf8.first != UInt8(ascii: "-") && name.contains(".")
    }
}

/// The unit and the script that a copy of the image gets for its boot test.
struct BootScript {
    let test: BootTest
    /// So that nothing else on the port passes for an answer.
    let nonce: String

    var unit: String {
        // Not a oneshot: the system would not be up before it had ended, and it waits for the system to be up.
        """
        [Unit]
        Description=Boot test of this image

        [Service]
        Type=exec
        ExecStart=/bin/sh /etc/fettle-boot-test/test
        TimeoutStartSec=60

        """
    }

    var text: String {
        var lines = [
            "exec >/dev/ttyS1 2>/dev/null </dev/null", "say() { echo \"\(nonce) $*\"; }", "say begin",
            "say kernel \"$(uname -r)\"",
            "say state \"$(timeout \(test.limitSeconds) systemctl is-system-running --wait)\"",
            // A gate may need a moment after the system is up; it is asked until it passes, or for half a minute.
            "gate() {",
            "    number=$1 left=15",
            "    while [ \"$left\" -gt 0 ]; do",
            "        if timeout 20 /bin/sh -c \"$2\" >/dev/null 2>&1; then say gate \"$number\" pass; return; fi",
            "        left=$((left - 1)); sleep 2",
            "    done",
            "    say gate \"$number\" fail",
            "}",
        ]
        for (index, gate) in test.gates.enumerated() { lines.append("gate \(index) \(Self.quoted(Self.line(gate)))") }
        lines += [
            "systemctl list-units --failed --plain --no-legend --no-pager | while read -r unit rest; do "
                + "say failed \"$unit\"; done",
            "say end",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ gate: BootGate) -> String {
        switch gate {
        case .unit(let name): return "exec systemctl is-active --quiet -- \(quoted(name))"
        // Bash opens the connection by itself: nothing else is in every image.
        case .tcp(let port): return "exec bash -c \(quoted(": </dev/tcp/127.0.0.1/\(port)"))"
        case .http(let port, let path):
            let request = "GET \(path) HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n".replacing("%", with: "%%")
            let line =
                "exec 3<>/dev/tcp/127.0.0.1/\(port); printf \(quoted(request)) >&3; read -r form status rest <&3; "
                + "case $status in 2??|3??) exit 0 ;; *) exit 1 ;; esac"
            return "exec bash -c \(quoted(line))"
        case .command(let line): return line
        }
    }

    /// One word for a POSIX shell.
    static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}
