import FettleDriverKit
import FettleModel

/// The question to apk (Alpine): every change that bringing these packages to these versions entails.
///
/// `apk add --simulate name=version` resolves as an installation does and prints what it would do. A simulation opens apk's database
/// for reading only: it takes no lock, needs no root, fetches no list and asks no server. It is not asked with `--no-network`: apk
/// then takes nothing from repositories on the network and finds no way at all ("masked in: --no-network").
///
/// Proven with apk-tools 2.14.10 and 3.0.6 over a root and repositories of their own; not yet on an Alpine host.
struct ApkQuestion {
    private let wanted: [PackageVersion]
    let script: SectionedScript

    /// - Throws: `refused` for a name or version that can be none.
    init(_ wanted: [PackageVersion]) throws(StepFailure) {
        for package in wanted {
            guard ApkNames.isPackage(package.name), ApkNames.isVersion(package.version),
                package.architecture.isEmpty || FactText.isName(package.architecture)
            else {
                let text = FactText.decode("\(package.name) \(package.architecture) \(package.version)".utf8)
                throw StepFailure(
                    code: .refused, message: "not an apk package and version: \(FactText.excerpt(text, limit: 200))")
            }
        }
        self.wanted = wanted
        do {
            let arguments = try shellQuoted(wanted.map { "\($0.name)=\($0.version)" })
            script = SectionedScript(sections: [ApkSections.packages, Self.answer(arguments), Self.surroundings])
        } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
    }

    /// apk's answer, its complaints among it; then, for every package that would change, what its repositories offer, and what their
    /// cached lists say of it.
    private static func answer(_ arguments: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "answer", limit: 4 * 1_024 * 1_024,
            body: #"""
                    if ! have apk; then echo 'apk is not here'; return 1; fi
                    answer=$(within 200 apk --no-progress add --simulate -- \#(arguments) 2>&1)
                    status=$?
                    printf '%s\n' "$answer"
                    if [ "$status" != 0 ]; then return "$status"; fi
                    names=$(printf '%s\n' "$answer" |
                        sed -n 's/^( *[0-9]*\/[0-9]*) [A-Z][a-z]* \([A-Za-z0-9][A-Za-z0-9._+-]*\).*/\1/p')
                    printf '\n%s policy\n' "$nonce"
                    if [ -z "$names" ]; then return 0; fi
                    within 60 apk --no-network policy -- $names
                    printf '\n%s lists\n' "$nonce"
                    set +f
                    for file in /etc/apk/cache/APKINDEX.*.tar.gz /var/cache/apk/APKINDEX.*.tar.gz; do
                        if [ -r "$file" ]; then within 60 gunzip -c "$file" 2>/dev/null; fi
                    done | awk -v names="$names" '
                        BEGIN { count = split(names, list, "\n"); for (i = 1; i <= count; i++) asked[list[i]] = 1 }
                        /^P:/ { name = substr($0, 3) } /^V:/ { version = substr($0, 3) }
                        /^A:/ { architecture = substr($0, 3) } /^S:/ { size = substr($0, 3) }
                        /^$/ { if (name in asked) print name, version, architecture, size; name = "" }
                        END { if (name in asked) print name, version, architecture, size }'
                """#)
    }

    /// What the answer is read by: the host's architecture, and packages that lie in its cache.
    private static let surroundings = SectionedScript.Section(
        name: "surroundings", limit: 1_024 * 1_024,
        body: #"""
                printf 'architecture %s\n' "$(apk --print-arch)"
                set +f
                for file in /etc/apk/cache/*.apk /var/cache/apk/*.apk; do
                    if [ -f "$file" ]; then printf 'archive %s\n' "${file##*/}"; fi
                done
            """#)

    // MARK: The answer

    /// - Throws: `refused` if apk finds no way, with its own words; `internal` if its answer is not understood.
    func resolution(from transcript: Transcript, at time: Timestamp) throws(StepFailure) -> Resolution {
        if let section = transcript.section("answer"), let status = section.status, status != 0 {
            throw Self.refusal(section, status: status)
        }
        do throws(FactError) {
            let installed = try ApkPackages.installed(try transcript.requiredOutput(of: "apk"))
            let host = try ApkSurroundings(parsing: try transcript.requiredOutput(of: "surroundings"))
            let parts = try ApkAnswerParts(parsing: try transcript.requiredOutput(of: "answer"), nonce: script.nonce)
            let lists = try ApkLists(parsing: parts.lists)
            let changes = try ApkReport(parsing: parts.report).changes(
                of: installed, lists: lists, native: host.architecture)
            try checkReached(changes, installed)
            return Resolution(
                manager: .apk, resolvedAt: time, changes: changes, downloadBytes: lists.downloadBytes(of: changes),
                unavailableEarlier: unavailable(changes, parts, host),
                reboot: RebootKnowledge.expectation(
                    of: changes, askedByScripts: [], isPending: false, manager: .apk))
        } catch {
            throw StepFailure(code: .internal, message: "apk's answer cannot be read: \(error.reason)")
        }
    }

    private static func refusal(_ section: Transcript.Section, status: Int) -> StepFailure {
        let words = String(section.output.suffix(4_096))
        if status == 124 {
            return StepFailure(code: .timeout, message: "apk took too long to find a way", output: words)
        }
        // `ERROR: unable to select packages:`, and below it which demand breaks which package.
        let lines = FactText.lines(words)
        let complaint = lines.first { $0.hasPrefix("ERROR: ") }.map { $0.dropFirst("ERROR: ".count) }
        let detail = lines.first {
            $0.contains("breaks: ") || $0.contains("required by: ") || $0.contains("masked in: ")
        }
        let told = [complaint ?? lines.last, detail].compactMap { $0 }.map { String($0.drop { $0 == " " }) }
            .joined(separator: " ")
        return StepFailure(
            code: .refused,
            message: "apk finds no way: "
                + FactText.excerpt(told.isEmpty ? "it ended with status \(status)" : told, limit: 300),
            output: words)
    }

    /// Every wanted package must come out at exactly its version.
    private func checkReached(_ changes: [PackageChange], _ installed: [InstalledPackage]) throws(FactError) {
        for package in wanted {
            let change = changes.first { $0.name == package.name }
            let isReached =
                change.map { $0.to == package.version }
                ?? installed.contains { $0.name == package.name && $0.version == package.version }
            if !isReached { throw FactError("\(package.name) would not become \(package.version)") }
        }
    }

    /// Versions that the host would leave behind and could not fetch again, nor has in its cache. Alpine's repositories keep the
    /// newest version only.
    private func unavailable(
        _ changes: [PackageChange], _ parts: ApkAnswerParts, _ host: ApkSurroundings
    ) -> [PackageVersion] {
        let offered = ApkPackages.repositories(FactText.lines(parts.policy)[...])
        return changes.compactMap { change -> PackageVersion? in
            guard let from = change.from else { return nil }
            let isOffered = offered["\(change.name)=\(from)"]?.isEmpty == false
            // `musl-1.2.4-r2.3f2a1b4c.apk`: the name, the version and the beginning of a checksum.
            let isKept = host.archives.contains { $0.hasPrefix("\(change.name)-\(from).") && $0.hasSuffix(".apk") }
            guard !isOffered, !isKept else { return nil }
            return PackageVersion(name: change.name, architecture: change.architecture, version: from)
        }.sorted()
    }
}

/// apk's grammar ([apk-package(5)](https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd)), without what
/// begins an option, a tag (`name@tag`) or a comparison.
enum ApkNames {
    private static let lowercase = "abcdefghijklmnopqrstuvwxyz"

    static func isPackage(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return DebianNames.alphanumerics.utf8.contains(first)
            && text.utf8.allSatisfy((DebianNames.alphanumerics + "._+-").utf8.contains)
    }

    /// `number{.number}[letter]{_suffix[number]}[~hash][-rNumber]`, by its letters: apk itself refuses what is none.
    static func isVersion(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return "0123456789".utf8.contains(first) && text.utf8.allSatisfy("\(lowercase)0123456789._~-".utf8.contains)
    }
}

/// The parts of the section `answer`, by lines with the script's nonce.
private struct ApkAnswerParts {
    var report = ""
    var policy = ""
    var lists = ""

    init(parsing text: String, nonce: String) throws(FactError) {
        let parts = text.split(separator: "\n\(nonce) policy\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw FactError("apk stopped in the middle of its answer") }
        report = String(parts[0])
        let rest = parts[1].split(separator: "\n\(nonce) lists\n", maxSplits: 1, omittingEmptySubsequences: false)
        policy = String(rest[0])
        if rest.count == 2 { lists = String(rest[1]) }
    }
}

/// Reads the section `surroundings`.
private struct ApkSurroundings {
    var architecture = ""
    var archives: Set<String> = []

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { throw .notUnderstood(line, of: "the host") }
            if words[0] == "architecture" { architecture = String(words[1]) } else { archives.insert(String(words[1])) }
        }
        guard FactText.isName(architecture) else { throw FactError("apk told no architecture") }
    }
}
