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
        /// What apt calls the file.
        var file: String
        /// SHA-256 in hexadecimal digits, from a list whose signature apt has proven; nil if the list has another hash.
        var sum: String?
    }

    /// Where this host's own downloads of earlier days may still lie.
    static let hostArchives = "/var/cache/apt/archives"

    /// The archives among `wanted` that lie in a directory, whole: a power cut leaves half a file.
    ///
    /// Where the host's signed lists tell what a file must be, its hash is compared, which proves name, version and content
    /// in one. Any other is looked into and read to its end, which takes a second for about 20 MB.
    ///
    /// - Parameter offers: what is known of them from the lists.
    func kept(
        _ wanted: [PackageVersion], in directory: String, offers: [PackageVersion: Offer] = [:]
    ) async throws(StepFailure) -> [PackageVersion: String] {
        guard !wanted.isEmpty else { return [:] }
        var kept: [PackageVersion: String] = [:]
        let known = wanted.filter { offers[$0]?.sum != nil }
        if !known.isEmpty {
            let sums = try await sums(of: known.compactMap { offers[$0]?.file }, in: directory)
            for version in known {
                if let offer = offers[version], sums[offer.file] == offer.sum { kept[version] = offer.file }
            }
        }
        // One whose hash is another is none of them, whatever it says of itself.
        let others = wanted.filter { offers[$0]?.sum == nil }
        kept.merge(try await readable(others, in: directory)) { first, _ in first }
        return kept
    }

    /// Whether the directory has a file by the name of each of them; nobody has looked into it.
    func isNamed(_ wanted: [PackageVersion], in directory: String) async throws(StepFailure) -> Bool {
        let script = #"""
            cd \#(directory) 2>/dev/null || exit 1
            while read -r pattern; do
                set -- $pattern
                [ -f "$1" ] || exit 1
            done
            """#
        let result = try await session.run(RemoteCommand(script: script, input: Array(Self.patterns(wanted).utf8)))
        return result.succeeded
    }

    /// SHA-256 of the files that are there, by name.
    private func sums(of files: [String], in directory: String) async throws(StepFailure) -> [String: String] {
        let script = "cd \(directory) 2>/dev/null && xargs sha256sum -- 2>/dev/null; exit 0"
        let input = files.filter(Self.isFileName).map { $0 + "\n" }.joined()
        let result = try await session.run(
            RemoteCommand(
                script: script, input: Array(input.utf8), timeout: .seconds(300), outputLimit: 4 * 1_024 * 1_024))
        return Self.parseSums(result.outputText)
    }

    private func readable(
        _ wanted: [PackageVersion], in directory: String
    ) async throws(StepFailure) -> [PackageVersion: String] {
        guard !wanted.isEmpty else { return [:] }
        let script = SectionedScript(sections: [
            SectionedScript.Section(
                name: "archives", limit: 4 * 1_024 * 1_024,
                body: #"""
                        cd \#(directory) 2>/dev/null || return 0
                        set +f
                        while read -r pattern; do
                            for file in $pattern; do
                                if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
                                dpkg-deb --fsys-tarfile "./$file" >/dev/null 2>&1 </dev/null || continue
                                dpkg-deb --showformat="$file\t\${Package}\t\${Architecture}\t\${Version}\n" -W "./$file" </dev/null
                            done
                        done
                        return 0
                    """#)
        ])
        let command = RemoteCommand(
            script: script.text, input: Array(Self.patterns(wanted).utf8), timeout: .seconds(300),
            outputLimit: script.outputLimit)
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

    /// Archives that came there more than `days` ago; by their names alone.
    func outdated(in directory: String, days: Int) async throws(StepFailure) -> [Archive] {
        let script =
            "find \(directory)/ -maxdepth 1 -type f -name '*.deb' -cmin +\(max(0, days) * 1_440) -printf '%f\\n'"
        let result = try await session.run(RemoteCommand(script: script, outputLimit: 4 * 1_024 * 1_024))
        return FactText.lines(result.outputText).compactMap { name in
            guard Self.isFileName(String(name)), let package = Self.package(ofFile: name) else { return nil }
            return Archive(file: String(name), package: package)
        }
    }

    private static func patterns(_ wanted: [PackageVersion]) -> String {
        wanted.map { "\($0.name)_\(escaped($0.version))_*.deb\n" }.joined()
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
            guard let package = package(ofFile: words[1]) else { return nil }
            return Offer(
                package: package, bytes: bytes, file: String(words[1]),
                sum: words.dropFirst(3).lazy.compactMap(sum).first)
        }
    }

    /// Of a name as apt makes it: `g++_4%3a12.2.0-3_amd64.deb`.
    private static func package(ofFile name: Substring) -> PackageVersion? {
        let parts = name.dropLast(4).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        return PackageVersion(
            name: String(parts[0]), architecture: String(parts[2]),
            version: String(parts[1]).replacing("%3a", with: ":"))
    }

    /// `SHA256:` and 64 hexadecimal digits.
    private static func sum(_ word: Substring) -> String? {
        let prefix = "SHA256:"
        guard word.hasPrefix(prefix), isSum(word.dropFirst(prefix.count)) else { return nil }
        return String(word.dropFirst(prefix.count))
    }

    private static func isSum(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy("0123456789abcdef".utf8.contains)
    }

    /// Lines of sha256sum: the hash, two spaces, the name. One with a backslash before it has a name that is none of ours.
    static func parseSums(_ text: String) -> [String: String] {
        var sums: [String: String] = [:]
        for line in FactText.lines(text) {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2, isSum(words[0]) else { continue }
            sums[String(words[1].drop { $0 == " " || $0 == "*" })] = String(words[0])
        }
        return sums
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
    static func isSame(_ left: PackageVersion, _ right: PackageVersion) -> Bool {
        left.name == right.name && left.version == right.version
            && (left.architecture == right.architecture || left.architecture == "all" || right.architecture == "all")
    }

    private static func escaped(_ version: String) -> String { version.replacing(":", with: "%3a") }
}
