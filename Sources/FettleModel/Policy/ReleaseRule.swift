/// What release notes demand of a change of packages: a version to come from, other packages, a reboot in between.
///
/// Versions are compared as the host's package manager does. Release notes speak of upstream's versions: a version here that names no
/// epoch is compared without the package's.
public struct ReleaseRule: Codable, Sendable, Hashable {
    /// How plans and refusals name it.
    public var name: String
    /// Globs over names of packages and of their sources. The rule is about changes of these; empty: `rebootBetween` alone says.
    public var packages: [String]
    /// Only changes that lead from below this version to it or beyond; nil: every step up.
    public var to: String?
    /// The lowest version that the change may start from; nil: any.
    public var minimumVersionBefore: String?
    public var requires: [Requirement]
    /// Globs over names of packages and of their sources, in order: those of one are changed, then the host is rebooted, then those of
    /// the next are changed. Empty, or at least two.
    public var rebootBetween: [String]
    /// Why it is so, for people; nil if not told.
    public var because: String?

    public init(
        name: String, packages: [String] = [], to: String? = nil, minimumVersionBefore: String? = nil,
        requires: [Requirement] = [], rebootBetween: [String] = [], because: String? = nil
    ) {
        self.name = name
        self.packages = packages
        self.to = to
        self.minimumVersionBefore = minimumVersionBefore
        self.requires = requires
        self.rebootBetween = rebootBetween
        self.because = because
    }

    /// A package that must have reached a version: on the same host with the change at the latest, on other resources before it.
    public struct Requirement: Codable, Sendable, Hashable {
        /// A glob over names of packages and of their sources.
        public var package: String
        public var atLeast: String
        /// The other resources on which it is needed; nil: the host itself.
        public var on: ResourceSelector?
        /// Which of those it speaks of.
        public var within: OrderRule.Scope
        /// Nothing is required where no such package is installed.
        public var ifInstalled: Bool

        public init(
            package: String, atLeast: String, on: ResourceSelector? = nil, within: OrderRule.Scope = .environment,
            ifInstalled: Bool = false
        ) {
            self.package = package
            self.atLeast = atLeast
            self.on = on
            self.within = within
            self.ifInstalled = ifInstalled
        }
    }
}
