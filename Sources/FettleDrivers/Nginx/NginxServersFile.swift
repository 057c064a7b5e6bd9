internal import FettleModel

/// The file with an upstream's servers, which nginx includes: one directive a line, and a line kept letter by letter unless it is
/// the one that is changed.
///
/// nginx itself would take more (directives over several lines, quotes, further includes). A file with any of these is refused,
/// because a program that guesses at it could take out another server than it says.
///
///     server 10.0.0.11:80 weight=2;   # web-1
///     server web-2:80;
struct NginxServersFile: Sendable, Equatable {
    /// One line of it that is a `server`
    /// ([ngx_http_upstream_module](https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server)).
    struct Server: Sendable, Equatable {
        /// From 0.
        let index: Int
        /// As it stands there, without its end.
        let line: String
        /// The server's address and, where a comment stands behind it, the comment's first word.
        let address: String
        let label: String?
        let isDown: Bool

        /// What the inventory may call it: the word behind `#`, or else the address without its port.
        var name: String {
            if let label { return label }
            guard !address.hasPrefix("["), let colon = address.lastIndex(of: ":") else { return address }
            return String(address[..<colon])
        }

        /// The same line with `down`: nginx then gives it no request, and keeps its place in hashes.
        var drainedLine: String { isDown ? line : NginxServersFile.drained(line) }
    }

    static let longestText = 256 * 1_024
    private static let longestLine = 1_024

    let lines: [String]
    let servers: [Server]

    /// - Throws: what stands there and what would be right, with the line.
    init(_ text: String) throws(NginxFileError) {
        guard text.utf8.count <= Self.longestText else {
            throw NginxFileError("it is longer than \(Self.longestText) bytes")
        }
        // By bytes: "\r\n" is one Character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        var servers: [Server] = []
        for (index, line) in lines.enumerated() {
            do throws(NginxFileError) {
                if let server = try Self.server(line, index) { servers.append(server) }
            } catch {
                let shown = SafeText.lastLines(of: String(line.prefix(100))) ?? ""
                throw NginxFileError("its line \(index + 1), `\(shown)`, \(error.message)")
            }
        }
        guard !servers.isEmpty else { throw NginxFileError("no `server` stands in it") }
        self.lines = lines
        self.servers = servers
    }

    /// The one server of that name.
    func server(_ name: String) throws(NginxFileError) -> Server {
        let all = servers.filter { $0.name == name }
        guard let server = all.first else {
            throw NginxFileError(
                "none of its servers is \(name): write `# \(name)` behind the server's line, or compare `server` in the inventory"
            )
        }
        guard all.count == 1 else {
            throw NginxFileError("\(all.count) of its servers are \(name): give each a name of its own behind a #")
        }
        return server
    }

    var text: String { lines.joined(separator: "\n") }

    /// Names of which every server is down.
    var downNames: Set<String> {
        Set(servers.filter(\.isDown).map(\.name)).subtracting(servers.filter { !$0.isDown }.map(\.name))
    }

    /// The text with one line replaced.
    func replacing(_ server: Server, by line: String) -> String {
        var lines = lines
        lines[server.index] = line
        return lines.joined(separator: "\n")
    }

    /// The same line with `down` before its semicolon; all else letter by letter.
    static func drained(_ line: String) -> String {
        guard let end = line.utf8.firstIndex(of: UInt8(ascii: ";")) else { return line }
        return line[..<end] + " down" + line[end...]
    }

    // MARK: Lines

    /// nil for an empty line, a comment, and a directive that is no `server`.
    private static func server(_ line: String, _ index: Int) throws(NginxFileError) -> Server? {
        guard line.utf8.count <= longestLine, line.unicodeScalars.allSatisfy({ $0 == "\t" || $0.value >= 0x20 }) else {
            throw NginxFileError("is too long, or has control characters")
        }
        let bare = trimmed(line[...])
        guard !bare.isEmpty, !bare.hasPrefix("#") else { return nil }
        guard let end = bare.firstIndex(of: ";") else {
            throw NginxFileError("is no directive of one line, which a semicolon ends")
        }
        let (statement, rest) = (bare[..<end], trimmed(bare[bare.index(after: end)...]))
        guard rest.isEmpty || rest.hasPrefix("#") else { throw NginxFileError("has more than one directive") }
        guard statement.unicodeScalars.allSatisfy({ $0.isASCII && !"\"'\\{}#".unicodeScalars.contains($0) }) else {
            throw NginxFileError("has quotes, braces or escapes")
        }
        let words = statement.split(whereSeparator: isBlank)
        guard words.first != "include" else { throw NginxFileError("includes another file, whose servers nobody sees") }
        guard words.first == "server" else { return nil }
        guard words.count > 1 else { throw NginxFileError("names no address") }
        let label = rest.drop { $0 == "#" }.split(whereSeparator: isBlank).first
        return Server(
            index: index, line: line, address: String(words[1]), label: label.map(String.init),
            isDown: words.dropFirst(2).contains("down"))
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}

/// Why a file is not touched, in words that follow its name.
struct NginxFileError: Error, Sendable, Equatable {
    let message: String
    init(_ message: String) { self.message = message }
}
