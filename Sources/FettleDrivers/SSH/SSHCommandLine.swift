internal import FettleDriverKit
internal import FettleModel

/// The arguments and the environment that `ssh` is started with.
enum SSHCommandLine {
    /// OpenSSH takes the first value that it meets for an option: what must hold comes first, then the administrator's
    /// options, and the user's files last.
    static func arguments(
        for address: ResourceAddress, _ configuration: SSHConfiguration
    ) throws(AccessError) -> [String] {
        let host = name(of: address)
        guard isPlain(address.host, allowed: ".-_:%"), address.user.map({ isPlain($0, allowed: ".-_@+") }) ?? true
        else {
            throw AccessError(.invalidCommand, "the host or the user is not a name that ssh could take", host: host)
        }
        guard address.port.map({ (1...65_535).contains($0) }) ?? true else {
            throw AccessError(.invalidCommand, "the port is not between 1 and 65535", host: host)
        }
        var arguments: [String] = []
        for option in required(configuration) + configuration.options { arguments += ["-o", option] }
        if let file = configuration.configurationFile { arguments += ["-F", file] }
        if let user = address.user { arguments += ["-l", user] }
        if let port = address.port { arguments += ["-p", String(port)] }
        // The login shell may be any: fish and csh read this line the same way.
        return arguments + ["-T", "-x", "-a", "--", address.host, "exec /bin/sh"]
    }

    private static func required(_ configuration: SSHConfiguration) -> [String] {
        [
            // Never ask anybody anything.
            "BatchMode=yes",
            // Even where the user's configuration says `no`.
            "StrictHostKeyChecking=\(configuration.hostKeys.rawValue)",
            "NoHostAuthenticationForLocalhost=no",
            "ConnectTimeout=\(max(1, configuration.connectTimeout.components.seconds))",
            "ServerAliveInterval=\(max(1, configuration.aliveInterval.components.seconds))",
            "ServerAliveCountMax=\(max(1, configuration.aliveCount))",
            // A connection of our own: a shared one is not ours to end, and has at most MaxSessions (10) sessions; and
            // becoming the master could send our child to the background, where it would hold our pipes open.
            "ControlMaster=no", "ControlPath=none",
            // What a user's configuration says for people at a terminal.
            "RemoteCommand=none", "RequestTTY=no", "PermitLocalCommand=no", "ClearAllForwardings=yes", "Tunnel=no",
            // Why a connection was closed or refused is said at this level, and not at ERROR.
            "LogLevel=INFO",
        ]
    }

    /// Ours, less what lets ssh put up a window to ask for a password.
    static func environment(from own: [String: String]) -> [String: String] {
        var environment = own.filter { !["DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS"].contains($0.key) }
        environment["SSH_ASKPASS_REQUIRE"] = "never"
        return environment
    }

    /// `user@host:port`, as far as they are given.
    static func name(of address: ResourceAddress) -> String {
        let user = address.user.map { "\($0)@" } ?? ""
        let port = address.port.map { ":\($0)" } ?? ""
        return SafeText.lastLines(of: user + address.host + port) ?? "(no host)"
    }

    /// ASCII letters, digits and what else is allowed; not an option. A name goes into the user's `ProxyCommand` and
    /// `Match exec`, where it is shell text (CVE-2023-51385).
    private static func isPlain(_ name: String, allowed: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "-"), name.utf8.count <= 255 else { return false }
        return name.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || allowed.unicodeScalars.contains(scalar)
        }
    }
}
