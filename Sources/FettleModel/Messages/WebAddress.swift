/// An address of a receiver, taken apart and judged: the one place that says which are taken.
public struct WebAddress: Sendable, Equatable {
    /// In small letters.
    public let scheme: String
    /// Without the brackets of IPv6.
    public let host: String
    /// nil: the scheme's own.
    public let port: Int?
    /// From the first `/` on; empty: none.
    public let path: String

    static let longest = 2_048

    /// - Parameters:
    ///   - text: from a policy, a file or the environment.
    ///   - encrypted: the scheme that has TLS from the first byte, such as `https`.
    ///   - others: schemes that have not, or not from the first byte on.
    /// - Throws: `WebAddressError`, which never holds the address: it may be a secret.
    public init(_ text: String, encrypted: String, others: [String]) throws(WebAddressError) {
        guard text.utf8.count <= Self.longest else { throw WebAddressError("is longer than \(Self.longest) bytes") }
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"\\<>^`{|}#".utf8.contains($0) }
        guard isPlain else { throw WebAddressError("holds blanks or signs that no address has") }
        guard let colon = text.firstRange(of: "://") else {
            throw WebAddressError("begins with no scheme such as \(encrypted)://")
        }
        scheme = text[..<colon.lowerBound].lowercased()
        guard ([encrypted] + others).contains(scheme) else {
            throw WebAddressError("begins with another scheme than \(([encrypted] + others).joined(separator: " or "))")
        }
        let rest = text[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        path = String(rest[authority.endIndex...])
        guard !authority.contains("@") else { throw WebAddressError("must not hold a user name or a password") }
        var name = authority
        var number: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw WebAddressError("names no host") }
            name = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { throw WebAddressError("names no host") }
            number = behind.isEmpty ? nil : behind.dropFirst()
            guard name.utf8.allSatisfy({ Self.isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E }) else {
                throw WebAddressError("names no host")
            }
        } else if let colon = authority.firstIndex(of: ":") {
            name = authority[..<colon]
            number = authority[authority.index(after: colon)...]
        }
        if let number {
            guard let port = Int(number), (1...65_535).contains(port), String(port) == number else {
                throw WebAddressError("has a port that is none")
            }
            self.port = port
        } else {
            port = nil
        }
        let isHost = authority.hasPrefix("[") || name.utf8.allSatisfy { Self.isOfHost($0) }
        guard !name.isEmpty, name.utf8.count <= 253, isHost, !name.hasPrefix("-") else {
            throw WebAddressError("names no host")
        }
        host = name.lowercased()
    }

    /// Scheme, host and port, as they are requested.
    public var origin: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(name)\(port.map { ":\($0)" } ?? "")"
    }

    /// Nothing on the way to it leaves this machine. A name counts only if it can be no other machine's: `127.evil.example` can.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in UInt8(part).flatMap { String($0) == part ? $0 : nil } }
        return parts.count == 4 && numbers.count == 4 && numbers[0] == 127
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}

/// Why a text is no address.
public struct WebAddressError: Error, Sendable, Equatable {
    /// Behind "the address", such as "names no host".
    public var message: String
    public init(_ message: String) { self.message = message }
}

extension MessageReceiver {
    /// The address, if one may go there.
    ///
    /// - Throws: for one that is none, and for one without TLS that is neither on this machine nor allowed by name.
    public func checked(_ text: String) throws(WebAddressError) -> WebAddress {
        if case .mail = kind {
            let address = try WebAddress(text, encrypted: "smtps", others: ["smtp"])
            guard address.path.isEmpty || address.path == "/" else {
                throw WebAddressError("has a path; such as smtp://mail.example:587")
            }
            return address
        }
        let address = try WebAddress(text, encrypted: "https", others: ["http"])
        guard address.scheme == "https" || address.isLoopback || allowsPlaintext else {
            throw WebAddressError("is not encrypted (http): take https, or set 'plaintext: true' for this receiver")
        }
        return address
    }
}
