import FettleDriverKit
import FettleModel

/// The question to apt: every change that bringing these packages to these versions entails.
///
/// It is put as `apt-get install --print-uris --verbose-versions`, which resolves as an installation does, with the
/// options that the package driver installs with, and then prints what it would fetch. Unlike `--simulate` it does
/// not play the installation through step by step, which takes three times as long; and unlike `--assume-no` it never
/// installs.
struct AptQuestion {
    private let wanted: [PackageVersion]
    let script: SectionedScript

    /// - Throws: `refused` for a name or version that can be none.
    init(_ wanted: [PackageVersion]) throws(StepFailure) {
        var words: [String] = []
        for package in wanted {
            guard DebianNames.isPackage(package.name), DebianNames.isArchitecture(package.architecture),
                DebianNames.isVersion(package.version)
            else {
                let text = FactText.decode("\(package.name) \(package.architecture) \(package.version)".utf8)
                throw StepFailure(
                    code: .refused, message: "not a Debian package and version: \(FactText.excerpt(text, limit: 200))")
            }
            words.append(package.aptArgument)
        }
        self.wanted = wanted
        let arguments: String
        do { arguments = try shellQuoted(words) } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
        script = SectionedScript(sections: [DebianSections.packages, Self.answer(arguments), Self.surroundings])
    }

    /// apt's answer, its complaints among it; then, for every package whose version changes, which versions are still
    /// on offer, and whether its present scripts ask for reboots. The archives directory is one that is empty, so
    /// that a file which happens to be there already is counted like the others.
    private static func answer(_ arguments: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "answer", limit: 4 * 1_024 * 1_024,
            body: #"""
                    \#(DebianSections.readOnlyCache)
                    answer=$(within 200 apt-get $options -y -q --no-install-recommends --verbose-versions --print-uris \
                        --allow-downgrades -o Debug::NoLocking=1 -o Dir::Cache::archives=/nonexistent/ \
                        -o APT::Get::AllowUnauthenticated=0 -o APT::Get::AutomaticRemove=0 install -- \#(arguments) 2>&1)
                    status=$?
                    printf '%s\n' "$answer"
                    if [ "$status" != 0 ]; then return "$status"; fi
                    changed=$(printf '%s\n' "$answer" | awk '
                        /^[^ ]/ { removed = ($0 == "The following packages will be REMOVED:") }
                        /^   / && (removed || $3 == "=>") { sub(/\*$/, "", $1); print $1 }')
                    printf '\n%s policy\n' "$nonce"
                    if [ -z "$changed" ]; then return 0; fi
                    printf '%s\n' "$changed" | within 60 xargs apt-cache $options policy -- || return
                    printf '\n%s scripts\n' "$nonce"
                    native=$(dpkg --print-architecture)
                    printf '%s\n' "$changed" | while read -r name; do
                        for file in "/var/lib/dpkg/info/$name.postinst" "/var/lib/dpkg/info/$name:$native.postinst"; do
                            if [ -r "$file" ] && grep -q 'reboot-required' "$file"; then printf '%s\n' "$name"; fi
                        done
                    done
                """#)
    }

    /// What the answer is read by: the host's architecture, a reboot that is due already, and earlier versions that
    /// lie in a directory of downloads.
    private static let surroundings = SectionedScript.Section(
        name: "surroundings", limit: 1_024 * 1_024,
        body: #"""
                printf 'architecture %s\n' "$(dpkg --print-architecture)"
                if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then echo 'reboot required'; fi
                set +f
                for file in /var/cache/apt/archives/*.deb /var/cache/fettle/archives/*.deb; do
                    if [ -f "$file" ]; then printf 'archive %s\n' "${file##*/}"; fi
                done
            """#)

    // MARK: The answer

    /// - Throws: `refused` if apt finds no way, with its own words; `internal` if its answer is not understood.
    func resolution(from transcript: Transcript, at time: Timestamp) throws(StepFailure) -> Resolution {
        if let section = transcript.section("answer"), let status = section.status, status != 0 {
            throw Self.refusal(section, status: status)
        }
        do {
            let packages = try DpkgPackages(parsing: try transcript.requiredOutput(of: "dpkg"))
            let host = try AptSurroundings(parsing: try transcript.requiredOutput(of: "surroundings"))
            let answer = try AptAnswerParts(
                parsing: try transcript.requiredOutput(of: "answer"), nonce: script.nonce)
            let report = try AptInstallReport(parsing: answer.report)
            let changes = try report.changes(of: packages, native: host.architecture)
            try checkReached(changes, packages)
            return Resolution(
                manager: .dpkg, resolvedAt: time, changes: changes, downloadBytes: report.downloadBytes,
                unavailableEarlier: try unavailable(changes, answer, host),
                reboot: RebootKnowledge.expectation(
                    of: changes, askedByScripts: answer.scripts, isPending: host.isRebootRequired))
        } catch {
            throw StepFailure(code: .internal, message: "apt's answer cannot be read: \(error.reason)")
        }
    }

    private static func refusal(_ section: Transcript.Section, status: Int) -> StepFailure {
        let words = String(section.output.suffix(4_096))
        if status == 124 {
            return StepFailure(code: .timeout, message: "apt took too long to find a way", output: words)
        }
        let complaint = FactText.lines(words).last { $0.hasPrefix("E: ") }.map { String($0.dropFirst(3)) }
        return StepFailure(
            code: .refused, message: "apt finds no way: \(complaint ?? "it ended with status \(status)")", output: words
        )
    }

    /// Every wanted package must come out at exactly its version: apt's silence about one would make a plan that
    /// patches nothing.
    private func checkReached(_ changes: [PackageChange], _ packages: DpkgPackages) throws(FactError) {
        for package in wanted {
            let reached = changes.contains { $0.name == package.name && $0.to == package.version }
            let isThere = packages.installed.contains { $0.name == package.name && $0.version == package.version }
            if !reached && !isThere { throw FactError("\(package.name) would not become \(package.version)") }
        }
    }

    /// Versions that the host would leave behind and could not fetch again, nor has on its disk.
    private func unavailable(
        _ changes: [PackageChange], _ answer: AptAnswerParts, _ host: AptSurroundings
    ) throws(FactError) -> [PackageVersion] {
        let policy = try AptPolicy(parsing: answer.policy)
        return changes.compactMap { change -> PackageVersion? in
            guard let from = change.from else { return nil }
            let names = [change.name, "\(change.name):\(change.architecture)"]
            let isOffered = policy.entries.contains { entry in
                names.contains(entry.name) && entry.versions.contains { $0.version == from && !$0.files.isEmpty }
            }
            let escaped = from.replacing(":", with: "%3a")
            let isKept = [change.architecture, "all"].contains { architecture in
                host.archives.contains("\(change.name)_\(escaped)_\(architecture).deb")
            }
            if isOffered || isKept { return nil }
            return PackageVersion(name: change.name, architecture: change.architecture, version: from)
        }.sorted()
    }
}

/// The parts of the section `answer`, by lines with the script's nonce.
private struct AptAnswerParts {
    var report = ""
    var policy = ""
    var scripts: Set<String> = []

    init(parsing text: String, nonce: String) throws(FactError) {
        let parts = text.split(separator: "\n\(nonce) policy\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw FactError("apt stopped in the middle of its answer") }
        report = String(parts[0])
        let rest = parts[1].split(separator: "\n\(nonce) scripts\n", maxSplits: 1, omittingEmptySubsequences: false)
        policy = String(rest[0])
        if rest.count == 2 { scripts = Set(FactText.lines(String(rest[1])).map(String.init)) }
    }
}

/// Reads the section `surroundings`.
private struct AptSurroundings {
    var architecture = ""
    var isRebootRequired = false
    var archives: Set<String> = []

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { throw .notUnderstood(line, of: "the host") }
            switch words[0] {
            case "architecture": architecture = String(words[1])
            case "reboot": isRebootRequired = true
            default: archives.insert(String(words[1]))
            }
        }
        guard FactText.isName(architecture) else { throw FactError("dpkg told no architecture") }
    }
}
