internal import FettleModel

/// How an address is written: `ssh://user@host:port`, `user@host`, `host:port`, `[::1]:22`, `local`, `none`.
enum AddressSyntax {
    struct Problem: Error {
        var message: String
        var hint: String?
    }

    static let forms = "ssh://user@host:port, host, local or none"

    /// - Throws: what is wrong. Nothing passes that OpenSSH could take for an option, or that could be more than a name
    ///   where the user's `ssh_config` puts it into a command.
    static func parse(_ text: String) throws(Problem) -> ResourceAddress {
        if text == "local" { return .local }
        if text == "none" { return ResourceAddress(transport: .none) }
        var rest = Substring(text)
        if let scheme = text.firstRange(of: "://") {
            guard text[..<scheme.lowerBound] == "ssh" else {
                throw Problem(message: "an address cannot begin with \(text[..<scheme.upperBound].quoted)", hint: forms)
            }
            rest = rest[scheme.upperBound...]
            if rest.hasSuffix("/") { rest = rest.dropLast() }
        }
        var user: String?
        if let at = rest.lastIndex(of: "@") {
            user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        let (host, port) = try hostAndPort(rest)
        return try check(ResourceAddress.ssh(host, port: port, user: user))
    }

    /// - Throws: if a part is not what it must be.
    private static func check(_ address: ResourceAddress) throws(Problem) -> ResourceAddress {
        if let problem = hostProblem(address.host) { throw problem }
        if let problem = address.user.flatMap(userProblem) { throw problem }
        if let problem = address.port.flatMap(portProblem) { throw problem }
        return address
    }

    // For addresses whose parts come one by one: each says what is wrong with it, or nil.

    static func hostProblem(_ host: String) -> Problem? {
        isHost(host)
            ? nil
            : Problem(
                message: "\(host.quoted) is no host name or address",
                hint: "letters, digits and . - _ (IPv6 with colons too), beginning with a letter or a digit")
    }

    static func userProblem(_ user: String) -> Problem? {
        isUser(user)
            ? nil
            : Problem(
                message: "\(user.quoted) is no user name", hint: "letters, digits and . - _ +, not beginning with -")
    }

    static func portProblem(_ port: Int) -> Problem? {
        (1...65_535).contains(port) ? nil : Problem(message: "the port \(port) is not between 1 and 65535")
    }

    private static func hostAndPort(_ text: Substring) throws(Problem) -> (String, Int?) {
        if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
            let host = String(text[text.index(after: text.startIndex)..<close])
            let rest = text[text.index(after: close)...]
            guard !rest.isEmpty else { return (host, nil) }
            guard rest.hasPrefix(":") else {
                throw Problem(message: "\(String(text).quoted) is no address", hint: forms)
            }
            return (host, try port(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        // Two colons and more: an IPv6 address without brackets, and so without a port.
        guard parts.count == 2 else { return (String(text), nil) }
        return (String(parts[0]), try port(parts[1]))
    }

    private static func port(_ text: Substring) throws(Problem) -> Int {
        guard !text.isEmpty, text.utf8.count <= 5, text.utf8.allSatisfy(YAMLScalar.isDigit), let port = Int(text) else {
            throw Problem(message: "\(text.quoted) is no port", hint: "a number from 1 to 65535")
        }
        return port
    }

    static func isHost(_ host: String) -> Bool {
        guard let first = host.utf8.first, host.utf8.count <= 253 else { return false }
        if host.utf8.count(where: { $0 == UInt8(ascii: ":") }) >= 2 { return isIPv6(host) }
        guard NameRule.isAlphanumeric(first) else { return false }
        return host.utf8.allSatisfy { NameRule.isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }

    /// Hexadecimal digits and colons, a dotted end, a zone behind `%`: what OpenSSH hands to the resolver.
    private static func isIPv6(_ host: String) -> Bool {
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        let zone = parts.count == 2 ? parts[1] : "0"
        return parts[0].utf8.allSatisfy { Unicode.Scalar($0).properties.isASCIIHexDigit || ":.".utf8.contains($0) }
            && !zone.isEmpty
            && zone.utf8.allSatisfy { NameRule.isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }

    static func isUser(_ user: String) -> Bool {
        guard let first = user.utf8.first, first != UInt8(ascii: "-"), user.utf8.count <= 128 else { return false }
        return user.utf8.allSatisfy { NameRule.isAlphanumeric($0) || ".-_+".utf8.contains($0) }
    }

    /// The one form that is written: `parse` reads it back.
    static func text(_ address: ResourceAddress) -> String {
        switch address.transport {
        case .local: return "local"
        case .none: return "none"
        case .ssh:
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            let needsScheme = address.user != nil || address.port != nil || ["local", "none"].contains(address.host)
            guard needsScheme else { return host }
            let user = address.user.map { "\($0)@" } ?? ""
            return "ssh://\(user)\(host)" + (address.port.map { ":\($0)" } ?? "")
        }
    }
}
