public import FettleDriverKit
public import FettleModel
import Foundation

/// An archive of one exact version, as a host's lists describe it. These lists are what apt has verified by their signatures.
public struct ArchiveOffer: Sendable, Equatable {
    public var package: PackageVersion
    public var bytes: Int64
    public var sha256: Digest
    /// Fields of the lists' paragraph that say what the package is, as lines without their ends; none says where it lies.
    public var fields: [String]
    /// The file on that host; nil: its package manager has to be asked for it.
    public var place: String?
}

/// Hands archives over from hosts.
public protocol ArchiveSending: Sendable {
    /// Hands each over from its beginning to its end. Whoever takes them compares size and SHA-256: what comes is only what the host says.
    ///
    /// - Parameter take: a piece of an archive, in order; an archive's last piece is followed by an empty one.
    func read(
        _ offers: [ArchiveOffer], at address: ResourceAddress,
        take: (ArchiveOffer, [UInt8]) async throws -> Void
    ) async throws
}

/// Reads archives of exact versions from a host, as any user: by its own apt, sources, keys and proxies. Nothing is changed there but
/// for a folder below /var/tmp, which goes when all is read.
public struct ArchiveReader: ArchiveSending {
    private let channels: any ChannelProvider

    /// Of one archive, in bytes: larger than any package of a distribution.
    public static let longestArchive: Int64 = 4 << 30
    /// Of all lists' paragraphs together, in bytes.
    private static let longestLists = 16 << 20

    public init(channels: any ChannelProvider) { self.channels = channels }

    // MARK: What there is

    /// What of `wanted` the host's lists offer; what is only installed there is not offered.
    ///
    /// - Throws: `refused` for names that can be none of Debian's.
    public func offers(
        _ wanted: [PackageVersion], at address: ResourceAddress
    ) async throws(StepFailure) -> [PackageVersion: ArchiveOffer] {
        try Self.check(wanted)
        guard !wanted.isEmpty else { return [:] }
        let result = try await run(
            "set -f; cd / && xargs apt-cache show; exit 0", input: wanted, limit: Self.longestLists, at: address)
        let found = Self.parse(result.outputText)
        var offers: [PackageVersion: ArchiveOffer] = [:]
        for version in wanted {
            offers[version] = found.first { PackageArchives.isSame(version, $0.package) }
        }
        return offers
    }

    /// Paragraphs of a Packages file, as apt-cache shows them.
    ///
    /// Source: https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices
    static func parse(_ text: String) -> [ArchiveOffer] {
        text.split(separator: "\n\n").compactMap { paragraph(String($0)) }
    }

    /// What a repository needs of them. What says where the archive lay, or by which weaker sums, is left out.
    private static let kept: Set<String> = [
        "package", "source", "version", "installed-size", "maintainer", "architecture", "multi-arch", "essential",
        "important", "protected", "replaces", "provides", "depends", "pre-depends", "recommends", "suggests",
        "enhances", "breaks", "conflicts", "section", "priority", "built-using", "homepage", "description",
        "description-md5",
    ]

    private static func paragraph(_ text: String) -> ArchiveOffer? {
        var values: [String: String] = [:]
        var fields: [String] = []
        var isKept = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix(" ") || line.hasPrefix("\t") {
                if isKept { fields.append(String(line)) }
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let name = line[..<colon].lowercased()
            values[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            isKept = kept.contains(name)
            if isKept { fields.append(String(line)) }
        }
        guard let name = values["package"], let architecture = values["architecture"], let version = values["version"],
            DebianNames.isPackage(name), DebianNames.isArchitecture(architecture), DebianNames.isVersion(version),
            let bytes = values["size"].flatMap({ Int64($0) }), (1...longestArchive).contains(bytes),
            let sum = values["sha256"], isSum(sum),
            !fields.contains(where: { $0.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F } })
        else { return nil }
        return ArchiveOffer(
            package: PackageVersion(name: name, architecture: architecture, version: version), bytes: bytes,
            sha256: Digest(rawValue: sum), fields: fields)
    }

    /// A SHA-256 as text.
    static func isSum(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy("0123456789abcdef".utf8.contains)
    }

    /// Where the host's apt takes lists that nobody has signed, as it says itself; nil: it does not.
    ///
    /// Of all sources, as a list does not tell by which of them it was believed.
    public func unsigned(at address: ResourceAddress) async throws(StepFailure) -> String? {
        let result = try await run(Self.unsignedScript, at: address)
        let line = result.outputText.split(separator: "\n").first.map(String.init)
        return line.map { String($0.prefix(200)) }
    }

    /// Source: sources.list(5), apt-secure(8).
    static let unsignedScript = #"""
        cd / || exit 1
        list=/etc/apt/sources.list parts=/etc/apt/sources.list.d
        eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)" || exit 1
        yes='(yes|true|with|on|enable|[1-9])'
        for file in "$list" "$parts"/*.list "$parts"/*.sources; do
          [ -f "$file" ] || continue
          grep -v '^[[:space:]]*#' "$file" |
            grep -iE "(trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure)[[:space:]]*[=:][[:space:]]*$yes"
        done
        apt-config dump | grep -iE "^(Acquire::Allow[A-Za-z]*Repositories|APT::Get::AllowUnauthenticated) \"$yes"
        exit 0
        """#

    // MARK: Their bytes

    /// What an earlier one left when it broke off goes first: own folders alone, and none that may be in use.
    static let folderScript = #"""
        find /var/tmp -maxdepth 1 -type d -name 'fettle-freeze.????????' -user "$(id -u)" -mmin +1440 \
          -exec rm -rf -- {} + >/dev/null 2>&1
        mktemp -d /var/tmp/fettle-freeze.XXXXXXXX
        """#

    /// Has the host download them, one after the other.
    public func read(
        _ offers: [ArchiveOffer], at address: ResourceAddress,
        take: (ArchiveOffer, [UInt8]) async throws -> Void
    ) async throws {
        try Self.check(offers.map(\.package))
        guard !offers.isEmpty else { return }
        let made = try await run(Self.folderScript, at: address)
        let folder = made.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
        guard folder.wholeMatch(of: #//var/tmp/fettle-freeze\.[A-Za-z0-9]{8}/#) != nil else {
            throw StepFailure(code: .unreachable, message: "the host made no folder for the archives")
        }
        do {
            for offer in offers { try await read(offer, in: folder, at: address, take: take) }
        } catch {
            await remove(folder, at: address)
            throw error
        }
        await remove(folder, at: address)
    }

    /// One after the other, so that the host needs room for one.
    private func read(
        _ offer: ArchiveOffer, in folder: String, at address: ResourceAddress,
        take: (ArchiveOffer, [UInt8]) async throws -> Void
    ) async throws {
        let script = """
            set -f; cd \(folder) || exit 1
            xargs apt-get -q download >&2 || exit 1
            set +f; mv -- ./*.deb archive
            """
        let result = try await run(
            script, input: [offer.package], timeout: .seconds(1_800), at: address, mayFail: true)
        guard result.succeeded else {
            throw AptDiagnosis.failure(
                status: Int(result.status), output: result.errorText,
                doing: "downloading \(offer.package.name) \(offer.package.version)")
        }
        try await ArchivePieces(offer, in: "\(folder)/archive").read(take: take) { command throws(StepFailure) in
            try await answer(command, at: address)
        }
        _ = try await run("rm -f -- \(folder)/archive", at: address)
    }

    private func remove(_ folder: String, at address: ResourceAddress) async {
        _ = try? await run("rm -rf -- \(folder)", at: address)
    }

    private static func check(_ wanted: [PackageVersion]) throws(StepFailure) {
        for version in wanted {
            guard DebianNames.isPackage(version.name), DebianNames.isArchitecture(version.architecture),
                DebianNames.isVersion(version.version)
            else {
                throw StepFailure(
                    code: .refused, message: "'\(version.name) \(version.version)' is no name and version of Debian's")
            }
        }
    }

    private func run(
        _ script: String, input: [PackageVersion] = [], limit: Int = 65_536, timeout: Duration = .seconds(300),
        at address: ResourceAddress, mayFail: Bool = false
    ) async throws(StepFailure) -> CommandResult {
        let words = input.map { $0.aptArgument + "\n" }.joined()
        let result = try await answer(
            RemoteCommand(script: script, input: Array(words.utf8), timeout: timeout, outputLimit: limit), at: address)
        guard result.succeeded || mayFail else {
            throw StepFailure(
                code: .unreachable, message: "the host answers \(result.status) to a question about its archives",
                output: result.errorText)
        }
        return result
    }

    private func answer(
        _ command: RemoteCommand, at address: ResourceAddress
    ) async throws(StepFailure) -> CommandResult {
        do { return try await channels.channel(to: address).run(command) } catch { throw StepFailure(error) }
    }
}

/// A file of a host, read piece by piece: a channel holds an answer in memory.
struct ArchivePieces {
    private let offer: ArchiveOffer
    private let place: String

    static let mebibytes = 3
    private static let bytes = Int64(mebibytes << 20)

    /// - Parameter place: of letters that no shell takes for anything else.
    init(_ offer: ArchiveOffer, in place: String) {
        self.offer = offer
        self.place = place
    }

    func read(
        take: (ArchiveOffer, [UInt8]) async throws -> Void,
        by run: (RemoteCommand) async throws(StepFailure) -> CommandResult
    ) async throws {
        var count: Int64 = 0
        while count < offer.bytes {
            let piece = try await run(
                RemoteCommand(
                    script: "dd if=\(place) bs=\(Self.mebibytes)M skip=\(count / Self.bytes) count=1 2>/dev/null",
                    timeout: .seconds(300), outputLimit: Int(Self.bytes) + 1_024))
            guard piece.succeeded else {
                throw StepFailure(
                    code: .unreachable, message: "the host answers \(piece.status) to a question about its archives",
                    output: piece.errorText)
            }
            guard !piece.standardOutput.isEmpty else { break }
            let whole = min(Self.bytes, offer.bytes - count)
            guard Int64(piece.standardOutput.count) == whole else {
                throw StepFailure(
                    code: .unreachable,
                    message: "the host sent \(piece.standardOutput.count) of \(whole) bytes of a piece of "
                        + "\(offer.package.name) \(offer.package.version)")
            }
            count += Int64(piece.standardOutput.count)
            try await take(offer, piece.standardOutput)
        }
        try await take(offer, [])
    }
}
