import FettleDriverKit
import FettleModel

/// Archives (`.deb` files) on a host, and what its sources still offer.
struct PackageArchives: Sendable {
    let session: HostSession

    struct Archive: Sendable, Equatable {
        var file: String
        var package: PackageVersion
    }

    /// Something that apt could download now.
    struct Offer: Sendable, Equatable {
        var package: PackageVersion
        var bytes: Int64
    }

    /// Where this host's own downloads of earlier days may still lie.
    static let hostArchives = "/var/cache/apt/archives"

    /// The archives among `wanted` that lie in a directory, each looked into: name, version and architecture are those of
    /// the package inside, not of the file's name.
    ///
    /// - Parameter wholly: read all of their data too: a power cut leaves half a file. Takes a second for about 20 MB.
    func kept(
        _ wanted: [PackageVersion], in directory: String, wholly: Bool = true
    ) async throws(StepFailure) -> [PackageVersion: String] {
        guard !wanted.isEmpty else { return [:] }
        let patterns = wanted.map { "\($0.name)_\(Self.escaped($0.version))_*.deb\n" }.joined()
        let script = SectionedScript(sections: [
            SectionedScript.Section(
                name: "archives", limit: 4 * 1_024 * 1_024,
                body: #"""
                        cd \#(directory) 2>/dev/null || return 0
                        set +f
                        while read -r pattern; do
                            for file in $pattern; do
                                if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
                                if \#(wholly); then dpkg-deb --fsys-tarfile "./$file" >/dev/null 2>&1 || continue; fi
                                dpkg-deb --showformat="$file\t\${Package}\t\${Architecture}\t\${Version}\n" -W "./$file" </dev/null
                            done
                        done
                        return 0
                    """#)
        ])
        let command = RemoteCommand(
            script: script.text, input: Array(patterns.utf8), timeout: .seconds(300), outputLimit: script.outputLimit)
        let result = try await session.run(command)
        let transcript = Transcript(
            standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
        do {
            let archives = Self.parse(try transcript.requiredOutput(of: "archives"))
            return Self.match(wanted, archives)
        } catch {
            throw StepFailure(code: .internal, message: "the archives in \(directory) cannot be read: \(error)")
        }
    }

    /// What of `wanted` the host's sources offer at this moment, with its size; asks apt's lists, not the network.
    func offers(_ wanted: [PackageVersion]) async throws(StepFailure) -> [PackageVersion: Offer] {
        guard !wanted.isEmpty else { return [:] }
        let script = #"""
            set -f
            cd / && exec xargs apt-get -q download --print-uris
            """#
        let input = wanted.map { $0.aptArgument + "\n" }.joined()
        let result = try await session.run(
            RemoteCommand(
                script: script, input: Array(input.utf8), timeout: .seconds(120), outputLimit: 4 * 1_024 * 1_024))
        // That a version is not offered is an answer; that apt could not look (a full disk, a torn list) is none.
        let troubles = FactText.lines(result.errorText).filter { $0.hasPrefix("E: ") && !Self.isNotOffered($0) }
        guard troubles.isEmpty else {
            throw AptDiagnosis.failure(
                status: Int(result.status), output: result.errorText, doing: "asking the host's sources")
        }
        let offers = Self.parseOffers(result.outputText)
        var found: [PackageVersion: Offer] = [:]
        for version in wanted {
            found[version] = offers.first { Self.isSame(version, $0.package) }
        }
        return found
    }

    // MARK: Reading

    static func parse(_ text: String) -> [Archive] {
        FactText.lines(text).compactMap { line -> Archive? in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 4, isFileName(fields[0]) else { return nil }
            return Archive(
                file: fields[0], package: PackageVersion(name: fields[1], architecture: fields[2], version: fields[3]))
        }
    }

    private static func isNotOffered(_ line: Substring) -> Bool {
        line.contains("was not found") || line.contains("Unable to locate package")
            || line.contains("Can't find a source to download") || line.contains("as it is purely virtual")
            || line.contains("Can't select")
    }

    /// Lines such as `'http://…/openssl_3.0.20_amd64.deb' openssl_3.0.20_amd64.deb 1438712 SHA256:…`.
    static func parseOffers(_ text: String) -> [Offer] {
        FactText.lines(text).compactMap { line -> Offer? in
            let words = line.split(separator: " ")
            guard words.count >= 3, words[0].hasPrefix("'"), let bytes: Int64 = FactText.number(words[2]),
                words[1].hasSuffix(".deb")
            else { return nil }
            let parts = words[1].dropLast(4).split(separator: "_", omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return Offer(
                package: PackageVersion(
                    name: String(parts[0]), architecture: String(parts[2]),
                    version: String(parts[1]).replacing("%3a", with: ":")), bytes: bytes)
        }
    }

    static func isFileName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 255, text.hasSuffix(".deb") else { return false }
        return DebianNames.lowercaseAlphanumerics.utf8.contains(first)
            && text.utf8.allSatisfy(DebianNames.archiveFollowing.utf8.contains)
    }

    private static func match(_ wanted: [PackageVersion], _ archives: [Archive]) -> [PackageVersion: String] {
        var files: [PackageVersion: String] = [:]
        for version in wanted {
            files[version] = archives.first { isSame(version, $0.package) }?.file
        }
        return files
    }

    /// The same package at the same version. Its architecture may differ where one side is for all architectures.
    private static func isSame(_ left: PackageVersion, _ right: PackageVersion) -> Bool {
        left.name == right.name && left.version == right.version
            && (left.architecture == right.architecture || left.architecture == "all" || right.architecture == "all")
    }

    private static func escaped(_ version: String) -> String { version.replacing(":", with: "%3a") }
}
