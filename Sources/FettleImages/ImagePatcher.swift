public import FettleEvidence
public import FettleModel
import FettleSoftware
import Foundation

/// Patches an image offline: the source stays as it is, and the result is there whole or not at all.
public struct ImagePatcher: Sendable {
    /// Such as `0.1.0`.
    public var version: String
    public var key: SigningKey
    public var person: Person
    public var now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - version: of this program.
    ///   - key: signs the provenance.
    ///   - person: who patches.
    ///   - now: the clock, for the provenance.
    public init(version: String, key: SigningKey, person: Person, now: @escaping @Sendable () -> Timestamp) {
        self.version = version
        self.key = key
        self.person = person
        self.now = now
    }

    /// Patches, tests and signs.
    ///
    /// - Parameters:
    ///   - request: without faults.
    ///   - told: called with each stage as it begins.
    /// - Returns: what was signed.
    /// - Throws: `ImageError`; nothing is left then, but where the process is killed: a work folder, which the next start sweeps.
    public func patch(_ request: PatchRequest, told: @Sendable (String) -> Void) async throws -> ImageProvenance {
        let faults = request.faults
        guard faults.isEmpty else { throw ImageError(.refused, faults.joined(separator: "\n")) }
        let path = try Self.resolved(request.source)
        let format = try request.format ?? ImageFormat.of(path)
        try ImageTools.require(format: format, boots: request.bootTest != nil)
        if request.bootTest != nil, !format.isDisk {
            throw ImageError(
                .refused, "\(format.rawValue) holds no disk to start a machine from; --no-boot-test leaves the test out"
            )
        }
        let destination = try Self.free(request.destination)
        let workshop = try Workshop(in: destination.folder)
        defer { workshop.remove() }
        let source = SourceImage(path: path, format: format, workshop: workshop)
        return try await work(request, source, destination.path, told)
    }

    private func work(
        _ request: PatchRequest, _ source: SourceImage, _ destination: String, _ told: @Sendable (String) -> Void
    ) async throws -> ImageProvenance {
        let (workshop, limit) = (source.workshop, Duration.seconds(request.limitSeconds))
        let mode = try source.mode()
        try Self.requireSpace(source)
        told("the source's digest is taken")
        let before = try await source.digest(limit: limit)
        let disk = workshop.file("disk.raw")
        try await source.copy(to: disk, limit: limit, told: told)
        let answers = try await NamespaceJob(
            script: .patch,
            arguments: [
                workshop.path, disk, request.network.word, request.proxy ?? "", "\(8 << 30)",
                request.packages.isEmpty ? "all" : "some",
            ] + request.packages, limit: limit
        ).run(in: workshop, told: told)
        let lists = try PackageLists(
            manager: answers["manager"] ?? "", before: workshop.read("before"), after: workshop.read("after"),
            release: workshop.read("os-release"))
        let sources = Self.sources(workshop.lines("sources"))
        let report = try await boot(request.bootTest, disk, workshop, told)
        let result = try await source.result(of: disk, limit: limit, told: told)
        told("the digests are taken")
        let made = SourceImage(path: result, format: source.format, workshop: workshop)
        // Whoever may not read the source may not read what is made of it. A directory has been copied with its mode.
        guard source.format == .tree || chmod(result, mode) == 0 else {
            throw ImageError(.failed, "the result's mode cannot be set: \(String(cString: strerror(errno)))")
        }
        let after = try await made.digest(limit: limit)
        // What was read while somebody wrote to it is nothing that could be vouched for.
        let again = try await source.digest(limit: limit)
        guard before == again else {
            throw ImageError(
                .sourceAltered,
                "\(source.path) was altered while it was patched; stop the machine that runs from it, or patch a copy")
        }
        let bills = try (bill(lists.before, source.path), bill(lists.after, destination))
        let provenance = ImageProvenance(
            source: .init(
                name: Self.name(source.path), format: source.format, bytes: before.bytes, digest: before.digest),
            image: .init(name: Self.name(destination), format: source.format, bytes: after.bytes, digest: after.digest),
            platform: lists.after.platform, manager: lists.manager, changes: lists.changes,
            packages: lists.after.packages.count, sources: sources, billBefore: FileDigest.of(bills.0),
            billAfter: FileDigest.of(bills.1), log: FileDigest.of(workshop.read("log")), tool: "Fettle \(version)",
            madeBy: person, madeAt: now(), bootTest: report)
        let statement = Data(try SignedStatement.write(provenance, form: ImageProvenance.form, key: key))
        let sidecars: [(ImageSidecar, Data)] = [
            (.billBefore, bills.0), (.billAfter, bills.1), (.log, workshop.read("log")), (.provenance, statement),
        ]
        try ImagePublication(
            result: result, format: source.format, mode: mode, sidecars: sidecars, destination: destination
        ).make(in: workshop)
        return provenance
    }

    private func boot(
        _ test: BootTest?, _ disk: String, _ workshop: Workshop, _ told: @Sendable (String) -> Void
    ) async throws -> BootReport? {
        guard let test else { return nil }
        // What a machine does to its disk is not part of the image.
        let copy = workshop.file("boot.raw")
        defer { unlink(copy) }
        let source = SourceImage(path: disk, format: .raw, workshop: workshop)
        try await source.copy(to: copy, limit: .seconds(3_600)) { _ in told("a copy is made for the boot test") }
        let report = try await test.run(disk: copy, in: workshop, told: told)
        guard report.passes else {
            throw ImageError(
                .bootTest,
                "the patched image did not pass its boot test, and is thrown away: \(report.faults.joined(separator: "; "))",
                log: report.console)
        }
        return report
    }

    private func bill(_ list: SoftwareList, _ path: String) throws -> Data {
        try CycloneDXWriter.write(list, name: Self.name(path), tool: ("Fettle", version))
    }

    /// Lines of `grep -H ^Date:` over apt's lists, which a stranger may have written.
    static func sources(_ lines: [String]) -> [ImageProvenance.PackageSource] {
        lines.prefix(200).compactMap { line in
            guard let range = line.range(of: ":Date:") else { return nil }
            let date = line[range.upperBound...].trimmingCharacters(in: .whitespaces)
            return .init(name: String(line[..<range.lowerBound].prefix(200)), date: String(date.prefix(64)))
        }.sorted { $0.name < $1.name }
    }

    private static func name(_ path: String) -> String { (path as NSString).lastPathComponent }

    private static func resolved(_ path: String) throws(ImageError) -> String {
        guard let real = realpath(path, nil) else {
            throw ImageError(.refused, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { Foundation.free(real) }
        return String(cString: real)
    }

    /// The absolute path of what is to be made, and its folder.
    private static func free(_ path: String) throws(ImageError) -> (path: String, folder: String) {
        let parent = FilePath.folder(of: path)
        let folder = try resolved(parent.isEmpty ? "." : parent)
        let whole = "\(folder)/\(name(path))"
        // Each means something else to one of the programs that get the path of the work folder, however it is quoted.
        guard !whole.unicodeScalars.contains(where: { ":,\\\"".unicodeScalars.contains($0) || $0.value < 0x20 }) else {
            throw ImageError(
                .refused,
                "\(path): the path of the result may hold no colon, comma, backslash, quotation mark and control character"
            )
        }
        var status = stat()
        let taken = ([whole] + ImageSidecar.allCases.map { $0.path(of: whole) }).filter { lstat($0, &status) == 0 }
        guard taken.isEmpty else {
            throw ImageError(
                .refused,
                taken.map { "\($0) is there already; name another file, or remove it" }.joined(separator: "\n"))
        }
        guard !name(path).isEmpty, name(path) != ".", name(path) != "..", name(path).utf8.count <= 200 else {
            throw ImageError(.refused, "\(path) names no file")
        }
        return (whole, folder)
    }

    /// Twice what the source takes and room for what is fetched: the disk that is worked on, and a copy of it for the boot test or the
    /// result in another format.
    private static func requireSpace(_ source: SourceImage) throws(ImageError) {
        var status = stat()
        guard source.format != .tree, stat(source.path, &status) == 0,
            let free = Workshop.free(source.workshop.path)
        else { return }
        let size = Int64(status.st_blocks) * 512 * (source.format == .qcow2 || source.format == .archive ? 3 : 1)
        let needed = 2 * size + (1 << 30)
        guard free >= needed else {
            throw ImageError(
                .noSpace, "\(needed >> 20) MiB are needed where the result is to lie, and \(free >> 20) MiB are free")
        }
    }
}
