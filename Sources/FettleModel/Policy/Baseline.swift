/// What is let in on the hosts that it fits: by platform and environment, which classes at what age, and which packages never.
public struct Baseline: Codable, Sendable, Equatable {
    public var name: String
    /// Globs over `distribution:version`, `distribution:codename` and `distribution`, such as `debian:*`; empty: every platform.
    public var platforms: [String]
    /// Globs over the names of environments; empty: every environment.
    public var environments: [String]
    /// What is known to be less severe is left. What is of unknown severity is taken: not knowing is not "low".
    public var minimumSeverity: Severity?
    /// nil: as the policy says. Classes that are not named never come.
    public var classRules: [UpdateClass: ClassRule]?
    /// Days that a patch waits after it became known, by class; the longer of this and the class's own rule holds.
    public var ageInDays: [UpdateClass: Int]
    /// Globs of source packages; only these are taken. nil: all.
    public var allow: [String]?
    /// Globs of source packages that are never changed, whatever else is said.
    public var deny: [String]
    /// Globs of source packages that stay at the version they have until somebody lifts the hold.
    public var hold: [String]
    /// Sources that do not go above a version.
    public var pins: [Pin]
    /// nil: as the policy says.
    public var rolling: RollingRule?

    public init(
        name: String, platforms: [String] = [], environments: [String] = [], minimumSeverity: Severity? = nil,
        classRules: [UpdateClass: ClassRule]? = nil, ageInDays: [UpdateClass: Int] = [:], allow: [String]? = nil,
        deny: [String] = [], hold: [String] = [], pins: [Pin] = [], rolling: RollingRule? = nil
    ) {
        self.name = name
        self.platforms = platforms
        self.environments = environments
        self.minimumSeverity = minimumSeverity
        self.classRules = classRules
        self.ageInDays = ageInDays
        self.allow = allow
        self.deny = deny
        self.hold = hold
        self.pins = pins
        self.rolling = rolling
    }

    /// A source package, or a glob of them, and the version that it does not go above.
    public struct Pin: Codable, Sendable, Hashable, CustomStringConvertible {
        public var name: String
        public var version: String

        public init(name: String, version: String) {
            self.name = name
            self.version = version
        }

        /// Reads `openssl=3.0.11-1~deb12u2`; nil if either side is empty, begins with a dash, or holds white space or control
        /// characters.
        public init?(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let isPlain = parts.allSatisfy { part in
                !part.isEmpty && part.first != "-" && part.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            }
            guard parts.count == 2, isPlain else { return nil }
            self.init(name: String(parts[0]), version: String(parts[1]))
        }

        public var description: String { "\(name)=\(version)" }
    }
}

/// When updates of a class are taken.
public enum ClassRule: Codable, Sendable, Hashable {
    case now
    /// So many days after they became known.
    case wait(days: Int)
    case never

    public var words: String {
        switch self {
        case .now: "now"
        case .wait(let days): "wait \(days)d"
        case .never: "never"
        }
    }
}

/// Packages that follow a rolling release in small steps: a leap over several releases at once is left for a person to split.
public struct RollingRule: Codable, Sendable, Equatable {
    /// Globs of source packages.
    public var packages: [String]
    /// Which number of the version is counted.
    public var step: Step
    /// How many steps may be made at once.
    public var atMost: Int

    public init(packages: [String], step: Step = .minor, atMost: Int = 1) {
        self.packages = packages
        self.step = step
        self.atMost = atMost
    }

    public enum Step: String, Codable, Sendable, CaseIterable {
        case major, minor, patch
    }
}

/// How bad a weakness is, in the words of CVSS's qualitative scale
/// (https://www.first.org/cvss/v3.1/specification-document, section 5).
public enum Severity: String, Codable, Sendable, CaseIterable, Comparable {
    case none, low, medium, high, critical

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension UpdateClass: CodingKeyRepresentable {}
