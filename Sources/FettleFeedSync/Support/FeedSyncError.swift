/// Why a feed could not be fetched, kept or carried: what, where, and what to do next.
public struct FeedSyncError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable {
        /// The server says that there is no such file.
        case notFound
        /// The server answered with something that does not pass by itself: 401, 403, an answer that makes no sense.
        case refused
        /// The server has trouble of its own, and still had after all retries.
        case unavailable
        /// No connection, or it broke and broke again.
        case network
        case timedOut
        case tooLarge
        case checksum
        case signature
        /// An address that cannot be used, or a redirect that must not be followed.
        case address
        /// The local disk.
        case storage
        /// Another synchronisation is under way.
        case locked
        /// A bundle that is damaged, was altered, or is older than what is here.
        case bundle
    }

    public var code: Code
    /// nil where it is about no source in particular.
    public var source: FeedSourceID?
    /// The address or path that it is about, without credentials and query; empty if there is none.
    public var place: String
    public var message: String
    /// What to do about it.
    public var hint: String?

    public init(_ code: Code, source: FeedSourceID? = nil, place: String = "", _ message: String, hint: String? = nil) {
        self.code = code
        self.source = source
        self.place = place.printable(limit: 500)
        self.message = message.printable(limit: 1_000)
        self.hint = hint?.printable(limit: 1_000)
    }

    /// `feed kev: https://…/kev.json: the server answered 404 Not Found`, and the hint in a line of its own.
    public var description: String {
        let about = source.map { "feed \($0): " } ?? ""
        let at = place.isEmpty ? "" : "\(place): "
        return about + at + message + (hint.map { "\n  \($0)" } ?? "")
    }

    /// The same, told of a source.
    func of(_ source: FeedSourceID) -> FeedSyncError {
        var copy = self
        copy.source = copy.source ?? source
        return copy
    }
}

/// Several sources failed; all are told.
public struct FeedSyncErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// In the order of the sources; never empty.
    public let errors: [FeedSyncError]

    public init(_ errors: [FeedSyncError]) { self.errors = errors }

    public var description: String {
        let end = "nothing was swapped in: what was there before is still in use"
        return (errors.map(\.description) + [end]).joined(separator: "\n")
    }
}
