/// What a site says about its feeds: mirrors, sources beyond the fleet's own, and how old a feed may be. `feeds.yaml`
/// holds it.
public struct FeedSettings: Codable, Sendable, Equatable {
    /// One place for all sources, as `<mirror>/<source>/<file>`: an address, a `file://` address or a folder. nil means
    /// the publishers' own addresses.
    public var mirror: String?
    /// A file of certificate authorities in PEM form, trusted besides the system's own: a mirror inside a company.
    public var certificateAuthorities: String?
    /// Sources that are fetched besides those that the fleet needs.
    public var include: [String]
    /// Sources that are never fetched.
    public var exclude: [String]
    /// By source.
    public var sources: [String: Source]

    public static let none = FeedSettings()

    public init(
        mirror: String? = nil, certificateAuthorities: String? = nil, include: [String] = [], exclude: [String] = [],
        sources: [String: Source] = [:]
    ) {
        self.mirror = mirror
        self.certificateAuthorities = certificateAuthorities
        self.include = include
        self.exclude = exclude
        self.sources = sources
    }

    /// What is said about one source.
    public struct Source: Codable, Sendable, Equatable {
        /// A place for this source, as `<mirror>/<file>`: an address, a `file://` address or a folder.
        public var mirror: String?
        /// The exact address of the file, for a source of one file.
        public var address: String?
        /// The publisher's OpenPGP keys, as `gpgv` reads them. With it a file without a valid signature is refused.
        public var keyring: String?
        public var staleAfterHours: Int?

        public init(
            mirror: String? = nil, address: String? = nil, keyring: String? = nil, staleAfterHours: Int? = nil
        ) {
            self.mirror = mirror
            self.address = address
            self.keyring = keyring
            self.staleAfterHours = staleAfterHours
        }
    }
}
