public import FettleDriverKit
public import FettleModel

/// Reads packages of exact versions from a host's own cache, where staging keeps them: whole, and signed by a key that the host's rpm
/// database holds. What was ever staged there can be read though no repository offers it any more.
public struct RpmArchiveReader: ArchiveSending {
    private let channels: any ChannelProvider
    private let clock: DriverClock

    public init(channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.clock = clock
    }

    /// What of `wanted` lies in the host's cache, each with its file there. Nothing is changed.
    ///
    /// - Throws: `refused` for what can be no name and version of rpm's.
    public func kept(
        _ wanted: [PackageVersion], at address: ResourceAddress
    ) async throws(StepFailure) -> [PackageVersion: ArchiveOffer] {
        try Self.check(wanted)
        let session = HostSession(to: address, channels: channels, clock: clock)
        let files = try await RpmFiles(session: session).kept(wanted)
        guard !files.isEmpty else { return [:] }
        let script = #"""
            cd \#(RpmCommand.files) || exit 1
            while read -r file; do
                sum=$(sha256sum <"$file") || exit 1
                printf '%s\t%s\t%s\n' "$file" "$(stat -L -c %s -- "$file")" "${sum%% *}"
            done
            """#
        let names = files.values.sorted().map { $0 + "\n" }.joined()
        let result = try await session.run(
            RemoteCommand(script: script, input: Array(names.utf8), timeout: .seconds(600), outputLimit: 4 << 20))
        guard result.succeeded else {
            throw StepFailure(
                code: .unreachable, message: "the packages in \(RpmCommand.files) cannot be read",
                output: HostText.tail(result))
        }
        let sums = Self.sums(result.outputText)
        var offers: [PackageVersion: ArchiveOffer] = [:]
        for (package, file) in files {
            guard let (bytes, sha256) = sums[file] else { continue }
            offers[package] = ArchiveOffer(
                package: package, bytes: bytes, sha256: sha256, fields: [], place: "\(RpmCommand.files)/\(file)")
        }
        return offers
    }

    /// Lines of file, size and SHA-256.
    static func sums(_ text: String) -> [String: (bytes: Int64, sha256: Digest)] {
        var sums: [String: (Int64, Digest)] = [:]
        for line in FactText.lines(text) {
            let fields = FactText.fields(line).map(String.init)
            guard fields.count == 3, let bytes = Int64(fields[1]), (1...ArchiveReader.longestArchive).contains(bytes),
                ArchiveReader.isSum(fields[2])
            else { continue }
            sums[fields[0]] = (bytes, Digest(rawValue: fields[2]))
        }
        return sums
    }

    /// Has the host fetch them into its cache by its own dnf or zypper, as when they are staged.
    ///
    /// - Parameter purpose: what they are for; the same purpose finds a download again that still runs.
    /// - Returns: what the host's repositories do not offer.
    /// - Throws: `refused` where the host has neither dnf nor zypper, and what else can befall a download.
    public func fetch(
        _ wanted: [PackageVersion], for purpose: String, at address: ResourceAddress
    ) async throws(StepFailure) -> [PackageVersion] {
        try Self.check(wanted)
        let session = HostSession(to: address, channels: channels, clock: clock)
        let snapshot = try await session.rpmSnapshot()
        let tool = try snapshot.requireTool()
        try PackageSpace.requireForDownload(0, in: snapshot.freeBytes)
        let runner = DetachedJobRunner(session: session, hasSystemd: snapshot.hasSystemd)
        let download = RpmDownload(
            runner: runner, tool: tool,
            jobName: { DetachedJob.name(of: StepID("freeze"), in: RunID(purpose), part: "rpm-\($0)-\($1.rawValue)") },
            seconds: Self.longestDownload)
        // One that was left alone, by whoever broke off, is waited for.
        for fetching in RpmCommand.Fetching.allCases {
            let name = download.jobName("fetch", fetching)
            guard let state = snapshot.jobs[name] else { continue }
            let job = DetachedJob(name: name, command: [RpmCommand.rpm])
            _ = try await runner.run(job, running: state, seconds: Self.longestDownload)
        }
        let files = RpmFiles(session: session)
        var kept = try await files.kept(wanted)
        var missing = wanted.filter { kept[$0] == nil }
        guard !missing.isEmpty else { return [] }
        try await download.prepare(for: missing)
        let said = try await download.bring(missing, as: "fetch", on: snapshot)
        kept = try await files.kept(missing)
        missing = missing.filter { kept[$0] == nil }
        return missing.isEmpty ? [] : RpmDiagnosis.named(missing, in: said)
    }

    private static let longestDownload = 1_800

    public func read(
        _ offers: [ArchiveOffer], at address: ResourceAddress,
        take: (ArchiveOffer, [UInt8]) async throws -> Void
    ) async throws {
        let session = HostSession(to: address, channels: channels, clock: clock)
        for offer in offers {
            guard let place = offer.place, let file = place.split(separator: "/").last.map(String.init),
                place == "\(RpmCommand.files)/\(file)", RpmNames.isFile(file)
            else {
                throw StepFailure(code: .refused, message: "\(offer.package.name) lies at no place that is known")
            }
            try await ArchivePieces(offer, in: place).read(take: take) { command throws(StepFailure) in
                try await session.run(command)
            }
        }
    }

    private static func check(_ wanted: [PackageVersion]) throws(StepFailure) {
        for version in wanted {
            guard RpmNames.isName(version.name), RpmNames.isName(version.architecture),
                RpmNames.isVersion(version.version)
            else {
                throw StepFailure(
                    code: .refused, message: "'\(version.name) \(version.version)' is no name and version of rpm's")
            }
        }
    }
}
