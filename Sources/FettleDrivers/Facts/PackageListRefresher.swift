public import FettleDriverKit
public import FettleModel

/// Fetches a host's package lists anew. Apart from the facts, because it writes on the host and uses the network.
public struct PackageListRefresher: Sendable {
    private let channels: any ChannelProvider

    /// How long a refresh may take, the wait for the package manager's lock included.
    public static let timeout: Duration = .seconds(300)

    public init(channels: any ChannelProvider) { self.channels = channels }

    /// Fetches the lists of every package manager that the host has.
    ///
    /// - Throws: `packageManager` with the program's own words if any list could not be fetched: half of the lists would
    ///   make updates disappear. `locked` if another process holds the lock.
    public func refresh(_ resource: ResourceID, at address: ResourceAddress) async throws(StepFailure) {
        do {
            let channel = try await channels.channel(to: address)
            let found = try await channel.run(RemoteCommand(script: Self.discovery)).outputText
            let programs = Set(found.split(separator: "\n").map(String.init))
            let commands = Self.commands.filter { programs.contains($0.arguments[0]) }
            guard !commands.isEmpty else {
                throw StepFailure(code: .refused, message: "\(resource) has no package manager that is known")
            }
            for command in commands {
                let result = try await channel.run(RemoteCommand(root: command, timeout: Self.timeout))
                guard result.succeeded else { throw Self.failure(command, result) }
            }
        } catch let error as AccessError {
            throw StepFailure(error)
        } catch let failure as StepFailure {
            throw failure
        } catch {
            throw StepFailure(code: .internal, message: "\(error)")
        }
    }

    /// apt ends with status 0 when it keeps old lists because the new ones cannot be had, unless it is told otherwise.
    static let commands = [
        RootCommand([
            "/usr/bin/apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "-o", "DPkg::Lock::Timeout=120", "update",
        ]),
        RootCommand(["/usr/bin/dnf", "-q", "--refresh", "makecache"]),
        RootCommand(["/usr/bin/zypper", "--non-interactive", "--quiet", "refresh"]),
        RootCommand(["/sbin/apk", "--no-progress", "update"]),
    ]

    /// Names the programs of `commands` that are here and in use: a Debian host may have `dnf` as a mere tool.
    private static let discovery = #"""
        if [ -s /var/lib/dpkg/status ] && [ -x /usr/bin/apt-get ]; then echo /usr/bin/apt-get; fi
        if [ -x /usr/bin/dnf ] && rpm -qa 2>/dev/null | head -n 1 | grep -q .; then echo /usr/bin/dnf; fi
        if [ -x /usr/bin/zypper ] && rpm -qa 2>/dev/null | head -n 1 | grep -q .; then echo /usr/bin/zypper; fi
        if [ -x /sbin/apk ]; then echo /sbin/apk; fi
        """#

    private static func failure(_ command: RootCommand, _ result: CommandResult) -> StepFailure {
        let words = FactText.decode((result.standardOutput + result.standardError).suffix(4_096))
        let complaint = FactText.lines(words).last { $0.hasPrefix("E: ") } ?? FactText.lines(words).last ?? ""
        let isLocked =
            words.contains("Could not get lock") || words.contains("locked by") || words.contains("is locked")
        return StepFailure(
            code: isLocked ? .locked : .packageManager,
            message:
                "\(command.arguments[0]) could not fetch the package lists: \(FactText.excerpt(String(complaint), limit: 300))",
            output: words)
    }
}
