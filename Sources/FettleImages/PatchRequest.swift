import Foundation

/// What is to be made of an image.
public struct PatchRequest: Sendable, Equatable {
    /// The image, which is never written to.
    public var source: String
    /// nil: its content tells.
    public var format: ImageFormat?
    /// Where the result goes; nothing may be there.
    public var destination: String
    /// Empty: every update that the image's sources offer and that removes nothing. Else `name` or `name=version`.
    public var packages: [String]
    public var network: Network
    /// An HTTP proxy for fetching packages, for apt alone; nil: as the image is set up.
    public var proxy: String?
    /// For everything but the boot test, in seconds.
    public var limitSeconds: Int
    /// nil: the image is not tested.
    public var bootTest: BootTest?

    /// From where packages are fetched. They are installed without any network.
    public enum Network: Sendable, Equatable {
        /// As this machine's programs do.
        case host
        /// A network namespace of this machine, as `ip netns` lists it.
        case namespace(String)

        var word: String {
            switch self {
            case .host: "host"
            case .namespace(let name): name
            }
        }
    }

    public init(
        source: String, format: ImageFormat? = nil, destination: String, packages: [String] = [],
        network: Network = .host, proxy: String? = nil, limitSeconds: Int = 3_600, bootTest: BootTest? = nil
    ) {
        self.source = source
        self.format = format
        self.destination = destination
        self.packages = packages
        self.network = network
        self.proxy = proxy
        self.limitSeconds = limitSeconds
        self.bootTest = bootTest
    }

    /// Everything that is wrong with it, in words; empty: nothing is.
    public var faults: [String] {
        var faults: [String] = []
        for package in packages where !Self.isPackage(package) {
            faults.append("\(package.debugDescription) is no package, or package=version, of Debian")
        }
        if packages.count > 2_000 { faults.append("\(packages.count) packages are named; at most 2000 are") }
        if case .namespace(let name) = network, !Self.isNamespace(name) {
            faults.append("\(name.debugDescription) is no network namespace's name, such as `ip netns` lists")
        }
        if let proxy, !Self.isProxy(proxy) {
            faults.append("the proxy is no address such as http://proxy.example:3128, without a name and password")
        }
        if !(60...86_400).contains(limitSeconds) { faults.append("the time limit is not from 60 to 86400 seconds") }
        return faults + (bootTest?.faults ?? [])
    }

    private static let lower = "abcdefghijklmnopqrstuvwxyz0123456789"
    private static let letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    private static func matches(_ text: some StringProtocol, first: String, then: String, limit: Int) -> Bool {
        guard let start = text.utf8.first, text.utf8.count <= limit else { return false }
        return first.utf8.contains(start) && text.utf8.dropFirst().allSatisfy(then.utf8.contains)
    }

    /// By Debian Policy [5.6.1](https://www.debian.org/doc/debian-policy/ch-controlfields.html#source) and 5.6.12. apt takes a `+` or
    /// `-` at the end of what is no package's name as a wish; after `=` it does not.
    static func isPackage(_ text: String) -> Bool {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard matches(name[0], first: lower, then: lower + "+-.", limit: 128), name[0].utf8.count >= 2 else {
            return false
        }
        if parts.count == 1, name.count == 1, text.hasSuffix("-") || text.hasSuffix("+") { return false }
        if name.count == 2, !matches(name[1], first: lower, then: lower + "-", limit: 32) { return false }
        return parts.count == 1 || matches(parts[1], first: letters, then: letters + ".+:~-", limit: 128)
    }

    static func isNamespace(_ text: String) -> Bool {
        matches(text, first: letters, then: letters + "._-", limit: 64) && text != "host" && text != "none"
    }

    /// Without a user's part: it would stand in the log, and in the words of a command.
    static func isProxy(_ text: String) -> Bool {
        guard let colon = text.range(of: "://"), ["http", "https"].contains(text[..<colon.lowerBound]) else {
            return false
        }
        return matches(text[colon.upperBound...], first: letters + "[", then: letters + "[].:-/", limit: 256)
    }
}
