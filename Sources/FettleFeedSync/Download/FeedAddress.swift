internal import Foundation

/// An address on the web that feeds are fetched from.
struct FeedAddress: Sendable, Hashable {
    let url: URL
    var scheme: String { url.scheme?.lowercased() ?? "" }
    var host: String { url.host ?? "" }
    var isEncrypted: Bool { scheme == "https" }
    /// As it is requested.
    var text: String { url.absoluteString }

    /// As it is shown and kept: without a query, which may hold a token.
    var shown: String {
        guard let query = text.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return text }
        return String(text[..<query])
    }

    /// - Throws: for everything that is no `https` or `http` address of a host, and for one with a password in it.
    init(_ text: String) throws(FeedSyncError) {
        guard text.utf8.count <= 4_096, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let url = URL(string: text),
            let scheme = url.scheme?.lowercased(), ["https", "http"].contains(scheme), let host = url.host,
            !host.isEmpty
        else {
            throw FeedSyncError(
                .address, place: text.utf8.count <= 4_096 ? Self.withoutSecrets(text) : "", "no address of the web",
                hint: "such as https://mirror.example/feeds, file:///srv/feeds, or a folder")
        }
        guard url.user == nil, url.password == nil else {
            throw FeedSyncError(
                .address, place: Self.withoutSecrets(text), "an address must not hold a user name or a password",
                hint: "let the mirror know this machine by its network, or copy the files and name the folder")
        }
        self.url = url
    }

    /// The address of another file in the same folder.
    ///
    /// - Parameter name: from outside; refused unless it is a plain name.
    func sibling(_ name: String) throws(FeedSyncError) -> FeedAddress {
        guard FeedFile.isPlainName(name), let sibling = URL(string: name, relativeTo: url)?.absoluteURL else {
            throw FeedSyncError(
                .refused, place: shown, "names the file \(name.printable(limit: 60)), which is no file name")
        }
        return try FeedAddress(sibling.absoluteString)
    }

    /// The address with this behind its path.
    func appending(ending: String) throws(FeedSyncError) -> FeedAddress {
        try FeedAddress(shown + ending)
    }

    /// Where a redirect leads: never from an encrypted address to one that is not, and never to another kind of
    /// address.
    func redirected(to location: String) throws(FeedSyncError) -> FeedAddress {
        guard let target = URL(string: location, relativeTo: url)?.absoluteURL else {
            throw FeedSyncError(
                .address, place: shown, "redirects to what is no address: \(location.printable(limit: 100))")
        }
        let next: FeedAddress
        do { next = try FeedAddress(target.absoluteString) } catch {
            throw FeedSyncError(
                .address, place: shown,
                "redirects to \(Self.withoutSecrets(location).printable(limit: 200)): \(error.message)")
        }
        guard next.isEncrypted || !isEncrypted else {
            throw FeedSyncError(
                .address, place: shown,
                "redirects from https to http (\(next.shown)), which anybody on the way could alter",
                hint: "set the right https address, or a mirror, in feeds.yaml")
        }
        return next
    }

    private static func withoutSecrets(_ text: String) -> String {
        let plain = text.prefix { $0 != "?" && $0 != "#" }
        guard let authority = plain.range(of: "://"),
            let at = plain[authority.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@")
        else { return String(plain) }
        return plain[..<authority.upperBound] + "…" + plain[at...]
    }
}

extension FeedFile {
    /// Letters, digits, `.`, `_`, `-`, not at the beginning a `.` or `-`: the only names that files are given here.
    static func isPlainName(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, isLetterOrDigit(first) else {
            return false
        }
        return name.utf8.allSatisfy { isLetterOrDigit($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
