import FettleDriverKit
import FettleModel

/// The question to dnf, or where there is none to zypper: every change that bringing these packages to these versions
/// entails.
///
/// dnf has no simulation: it is told to answer its own question with no, and if it should not ask, to stop at rpm's
/// test of the transaction (`tsflags=test`). zypper has `--dry-run`.
struct RpmQuestion {
    private let wanted: [PackageVersion]
    let script: SectionedScript

    /// - Throws: `refused` for a name or version that can be none.
    init(_ wanted: [PackageVersion]) throws(StepFailure) {
        var dnf: [String] = []
        var zypper: [String] = []
        for package in wanted {
            guard RpmNames.isWord(package.name), RpmNames.isWord(package.architecture),
                RpmNames.isWord(package.version)
            else {
                let text = FactText.decode("\(package.name) \(package.architecture) \(package.version)".utf8)
                throw StepFailure(
                    code: .refused, message: "not an rpm package and version: \(FactText.excerpt(text, limit: 200))")
            }
            dnf.append("\(package.name)-\(package.version).\(package.architecture)")
            zypper.append("\(package.name).\(package.architecture)=\(package.version)")
        }
        self.wanted = wanted
        do {
            script = SectionedScript(sections: [
                RpmSections.packages, Self.answer(dnf: try shellQuoted(dnf), zypper: try shellQuoted(zypper)),
            ])
        } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
    }

    private static let dnf = RootCommand([
        RpmCommand.dnf, "-C", "--assumeno", "--setopt=tsflags=test", "install", "--",
    ])
    private static let zypper = RootCommand(
        [RpmCommand.zypper, "--xmlout", "--non-interactive", "--no-refresh", "install", "--dry-run"]
            + ["--no-recommends", "--oldpackage", "--"],
        environment: ["ZYPP_LOGFILE": "/dev/null"])

    /// For a user other than root. No rule can name a version with `^`.
    static func sudoRules() throws(SudoRuleError) -> [SudoRule] {
        let package = try SudoWord(first: DebianNames.alphanumerics, following: DebianNames.alphanumerics + "._+~:=-")
        var rules: [SudoRule] = []
        for command in [dnf, zypper] {
            rules.append(
                try SudoRule(
                    program: command.arguments[0],
                    arguments: command.arguments.dropFirst().map { .exact($0) } + [.words(package)],
                    environment: command.environment, reason: "Plans: what an update would change. Installs nothing."))
        }
        return rules
    }

    private static func answer(dnf: String, zypper: String) -> SectionedScript.Section {
        let dnfWords = Self.dnf.commandLine.joined(separator: " ")
        let zypperWords = Self.zypper.commandLine.joined(separator: " ")
        return SectionedScript.Section(
            name: "answer", limit: 4 * 1_024 * 1_024,
            body: #"""
                    # They tell root only what they would change.
                    if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                    reboot() { (
                        \#(RpmSections.reboot)
                    ) 2>/dev/null | head -n 1; }
                    if have dnf; then
                        answer=$(within 200 $root \#(dnfWords) \#(dnf) 2>&1)
                        status=$?
                        printf 'dnf\n%s\n' "$answer"
                        case $answer in
                            *'Operation aborted.'* | *'Nothing to do.'*) ;;
                            *) return $((status + (status == 0))) ;;
                        esac
                        printf '\n%s offers\n' "$nonce"
                        names=$(printf '%s\n' "$answer" | sed -n 's/^ \([A-Za-z0-9][A-Za-z0-9._+-]*\)\( .*\)\{0,1\}$/\1/p')
                        if [ -n "$names" ]; then
                            within 60 dnf -q -C repoquery --showduplicates --queryformat '%{name}\t%{arch}\t%{evr}\n' -- $names || return
                        fi
                    elif have zypper; then
                        ask() { ZYPP_LOGFILE=/dev/null within 200 zypper --xmlout --non-interactive --no-refresh "$@"; }
                        answer=$(within 200 $root \#(zypperWords) \#(zypper) 2>&1)
                        status=$?
                        printf 'zypper\n%s\n' "$answer"
                        if [ "$status" != 0 ]; then return "$status"; fi
                        printf '\n%s offers\n' "$nonce"
                        names=$(printf '%s\n' "$answer" | sed -n 's/^<solvable type="package" name="\([A-Za-z0-9._+-]*\)".*/\1/p')
                        if [ -n "$names" ]; then ask search -s --match-exact --type package -- $names || return; fi
                    else
                        echo 'neither dnf nor zypper is here'
                        return 1
                    fi
                    printf '\n%s reboot\n%s\n' "$nonce" "$(reboot)"
                """#)
    }

    /// - Throws: `refused` if the package manager finds no way, with its own words; `internal` if its answer is not
    ///   understood.
    func resolution(from transcript: Transcript, at time: Timestamp) throws(StepFailure) -> Resolution {
        if let section = transcript.section("answer"), let status = section.status, status != 0 {
            throw Self.refusal(section)
        }
        do throws(FactError) {
            let packages = try RpmPackages(parsing: try transcript.requiredOutput(of: "rpm"))
            let parts = try split(answer: try transcript.requiredOutput(of: "answer"))
            let report = try Self.report(parts.answer, offers: parts.offers, isDnf: parts.isDnf)
            let changes = try report.changes(of: packages)
            for package in wanted {
                // Of several architectures each is asked for by itself.
                let isReached = changes.contains {
                    $0.name == package.name && $0.architecture == package.architecture && $0.to == package.version
                }
                let isThere = packages.installed.contains {
                    $0.name == package.name && $0.architecture == package.architecture && $0.version == package.version
                }
                if !isReached && !isThere { throw FactError("\(package.name) would not become \(package.version)") }
            }
            return Resolution(
                manager: .rpm, resolvedAt: time, changes: changes, downloadBytes: report.downloadBytes,
                unavailableEarlier: report.unavailableEarlier(of: changes),
                reboot: RebootKnowledge.expectation(of: changes, askedByScripts: [], isPending: parts.isRebootPending))
        } catch {
            throw StepFailure(code: .internal, message: "the package manager's answer cannot be read: \(error.reason)")
        }
    }

    private static func report(_ answer: String, offers: String, isDnf: Bool) throws(FactError) -> RpmReport {
        if isDnf { return try RpmReport(dnf: answer, offers: offers) }
        return try RpmReport(zypper: answer, offers: offers)
    }

    private static func refusal(_ section: Transcript.Section) -> StepFailure {
        let words = String(section.output.suffix(4_096))
        let document = ElementReader(words)
        let errors = document.elements("message").filter { $0.attributes["type"] == "error" }.map(\.text)
        // Of a conflict dnf tells the problems below an empty `Error:`, zypper in a question of what to do.
        let lines = (document.elements("description").map(\.text) + [words]).flatMap { FactText.lines($0) }
        let problem = lines.map { $0.drop { $0 == " " } }.first { $0.hasPrefix("Problem") }
        let line = lines.last { $0.hasPrefix("Error: ") && $0.count > "Error: ".count }
        let complaint =
            errors.last ?? (problem ?? line ?? FactText.lines(words).last).map(String.init) ?? "it said nothing"
        return StepFailure(
            code: .refused, message: "the package manager finds no way: \(FactText.excerpt(complaint, limit: 300))",
            output: words)
    }

    private func split(
        answer text: String
    ) throws(FactError) -> (isDnf: Bool, answer: String, offers: String, isRebootPending: Bool) {
        let halves = text.split(separator: "\n\(script.nonce) offers\n", maxSplits: 1)
        let rest = halves.count == 2 ? halves[1].split(separator: "\(script.nonce) reboot\n", maxSplits: 1) : []
        guard let first = halves.first, rest.count >= 1, halves[1].contains("\(script.nonce) reboot\n") else {
            throw FactError("the package manager stopped in the middle of its answer")
        }
        let last = rest.count == 2 ? rest[1] : (halves[1].hasPrefix(script.nonce) ? rest[0] : "")
        let offers = halves[1].hasPrefix(script.nonce) ? "" : rest[0]
        return (first.hasPrefix("dnf\n"), String(first), String(offers), last.hasPrefix("required"))
    }
}
