/// A team's own list of systems and what is on them, such as the spreadsheet that it keeps: as it was read, and held against nothing
/// yet.
public struct SystemList: Codable, Sendable, Equatable {
    /// The file as it was named.
    public var file: String
    /// In the file's order; a system may have several.
    public var rows: [Row]

    public init(file: String, rows: [Row]) {
        self.file = file
        self.rows = rows
    }

    public struct Row: Codable, Sendable, Equatable {
        /// As the list calls it.
        public var system: String
        /// From 1.
        public var line: Int
        public var claims: [Claim]

        public init(system: String, line: Int, claims: [Claim]) {
            self.system = system
            self.line = line
            self.claims = claims
        }
    }

    /// Something that the list says of a system. What it leaves open it does not say.
    public struct Claim: Codable, Sendable, Equatable {
        public var subject: Subject
        public var value: String

        public init(_ subject: Subject, _ value: String) {
            self.subject = subject
            self.value = value
        }
    }

    public enum Subject: Codable, Sendable, Hashable {
        /// A binary package, or a source of packages.
        case package(String)
        case kernel
        case platform
        case environment
        case owner

        public var words: String {
            switch self {
            case .package(let name): name
            case .kernel: "kernel"
            case .platform: "operating system"
            case .environment: "environment"
            case .owner: "owner"
            }
        }
    }
}
