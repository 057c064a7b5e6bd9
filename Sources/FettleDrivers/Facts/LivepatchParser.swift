import FettleModel
import Foundation

/// Reads the section `livepatch`. Total, and in the safe direction: what is not understood fixes nothing.
///
/// The forms are those of the vendors' own documentation and programs:
/// [sysfs](https://www.kernel.org/doc/html/latest/livepatch/livepatch.html),
/// [kpatch](https://github.com/dynup/kpatch),
/// [klp](https://documentation.suse.com/sles/15-SP6/html/SLES-all/cha-klp.html),
/// [canonical-livepatch](https://ubuntu.com/security/livepatch/docs),
/// [kcarectl](https://docs.tuxcare.com/live-patching-services/).
enum LivepatchParser {
    /// More patches than any host has; more fixes than any kernel has.
    static let mostPatches = 200
    static let mostFixes = 10_000

    static func patches(_ text: String) -> [KernelLivepatch] {
        var answers: [Substring: [Substring]] = [:]
        for line in FactText.lines(text) {
            guard let space = line.utf8.firstIndex(of: UInt8(ascii: " ")) else { continue }
            answers[line[..<space], default: []].append(line[line.utf8.index(after: space)...])
        }
        let modules = kernelModules(answers["kernel"] ?? [])
        var patches = modules.map {
            KernelLivepatch(reporter: .kernel, name: $0.key, isActive: $0.value)
        }
        patches += read(answers["kpatch"], .kpatch) { kpatch($0) }
        patches += read(answers["klp"], .klp) { klp($0) }
        patches += read(answers["canonical"], .canonicalLivepatch) { canonical($0) }
        patches += kernelCare(answers["kcareuname"], answers["kcareinfo"])
        for place in patches.indices {
            // A tool may say so before the last task has left the old code; the kernel knows.
            if modules[patches[place].name] == false { patches[place].isActive = false }
            patches[place].fixes = Array(Set(patches[place].fixes).sorted().prefix(mostFixes))
        }
        return Array(
            patches.sorted { ($0.reporter.rawValue, $0.name) < ($1.reporter.rawValue, $1.name) }.prefix(mostPatches))
    }

    /// A CVE's id in capitals; nil for anything else.
    static func weakness(_ word: some StringProtocol) -> String? {
        let id = word.uppercased()
        let parts = id.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard id.utf8.count <= 30, parts.count == 3, Array(parts[0]) == Array("CVE".utf8), parts[1].count == 4,
            parts[2].count >= 4, parts[1...].allSatisfy({ $0.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } })
        else { return nil }
        return id
    }

    // MARK: Reporters

    /// Whether each loaded module is in use: switched on, and no task is left in the old code.
    private static func kernelModules(_ lines: [Substring]) -> [String: Bool] {
        var modules: [String: Bool] = [:]
        for line in lines {
            let words = FactText.words(line)
            guard words.count == 3, FactText.isName(words[2]) else { continue }
            modules[String(words[2])] = words[0] == "1" && words[1] == "0"
        }
        return modules
    }

    /// A tool's answer, if it ended well; otherwise why not.
    private static func read(
        _ lines: [Substring]?, _ reporter: KernelLivepatch.Reporter, _ parse: ([Substring]) -> [KernelLivepatch]?
    ) -> [KernelLivepatch] {
        guard let lines else { return [] }
        do throws(FactError) {
            guard let patches = parse(try whole(lines)) else { throw FactError("its answer is not understood") }
            return patches
        } catch {
            return [KernelLivepatch(reporter: reporter, name: "", isActive: false, problem: error.reason)]
        }
    }

    private static func whole(_ lines: [Substring]) throws(FactError) -> [Substring] {
        guard let words = lines.last.map(FactText.words), words.count == 2, words[0] == "ended",
            let status: Int = FactText.number(words[1])
        else { throw FactError("it printed more than is read") }
        guard status == 0 else {
            throw FactError(status == 124 ? "it took too long" : "it ended with status \(status)")
        }
        return Array(lines.dropLast())
    }

    /// Under `Loaded patch modules:` a line for each, `NAME [enabled]`. What is only installed is not loaded.
    private static func kpatch(_ lines: [Substring]) -> [KernelLivepatch]? {
        guard let start = lines.firstIndex(where: { $0.hasPrefix("Loaded patch modules:") }) else { return nil }
        return lines[(start + 1)...].prefix { !$0.hasPrefix("Installed patch modules:") }.compactMap { line in
            let words = FactText.words(line)
            guard words.count >= 2, FactText.isName(words[0]) else { return nil }
            return KernelLivepatch(
                reporter: .kpatch, name: String(words[0]), isActive: words.dropFirst() == ["[enabled]"])
        }
    }

    /// A module's name, and below it, indented, `active: 1` and `CVE: CVE-… CVE-…`, which says `(none …)` where there are none.
    private static func klp(_ lines: [Substring]) -> [KernelLivepatch]? {
        var patches: [KernelLivepatch] = []
        for line in lines {
            let words = FactText.words(line)
            guard let first = words.first else { continue }
            if !line.hasPrefix(" "), !line.hasPrefix("\t") {
                guard words.count == 1, FactText.isName(first) else { return nil }
                patches.append(KernelLivepatch(reporter: .klp, name: String(first), isActive: false))
            } else if !patches.isEmpty {
                let last = patches.count - 1
                if first == "active:" { patches[last].isActive = words.dropFirst() == ["1"] }
                if first == "CVE:" { patches[last].fixes += words.dropFirst().compactMap { weakness($0) } }
            }
        }
        return patches
    }

    /// A field that is missing, such as in an answer of another release, reads as nil and counts for nothing.
    private struct CanonicalStatus: Decodable {
        struct Kernel: Decodable {
            var running: Bool?
            var livepatch: Patch?

            enum CodingKeys: String, CodingKey {
                case running = "Running"
                case livepatch = "Livepatch"
            }
        }
        struct Patch: Decodable {
            var state: String?
            var version: String?
            var fixes: [Fix]?

            enum CodingKeys: String, CodingKey {
                case state = "State"
                case version = "Version"
                case fixes = "Fixes"
            }
        }
        struct Fix: Decodable {
            var name: String?
            var isPatched: Bool?

            enum CodingKeys: String, CodingKey {
                case name = "Name"
                case isPatched = "Patched"
            }
        }
        var kernels: [Kernel]?

        enum CodingKeys: String, CodingKey {
            case kernels = "Status"
        }
    }

    private static func canonical(_ lines: [Substring]) -> [KernelLivepatch]? {
        let json = Data(lines.joined(separator: "\n").utf8)
        guard let status = try? JSONDecoder().decode(CanonicalStatus.self, from: json) else { return nil }
        return (status.kernels ?? []).compactMap { kernel -> KernelLivepatch? in
            guard kernel.running == true, let patch = kernel.livepatch, let version = patch.version,
                FactText.isVersion(version)
            else { return nil }
            let fixes = (patch.fixes ?? []).filter { $0.isPatched == true }.compactMap {
                $0.name.flatMap { weakness($0) }
            }
            return KernelLivepatch(
                reporter: .canonicalLivepatch, name: version, isActive: patch.state == "applied", fixes: fixes)
        }
    }

    /// Where no patch is applied `--uname` states the running kernel, and `--patch-info` nothing.
    private static func kernelCare(_ uname: [Substring]?, _ info: [Substring]?) -> [KernelLivepatch] {
        read(info, .kernelCare) { lines in
            func values(_ key: String) -> [Substring] {
                lines.filter { $0.hasPrefix(key) }.flatMap { FactText.words($0.dropFirst(key.count)) }
            }
            let isActive = !values("uname:").isEmpty || !values("kpatch-cve:").isEmpty
            guard isActive else { return [] }
            let answer = (try? uname.map { lines throws(FactError) in try whole(lines) }) ?? nil
            let stated = (answer ?? []).filter { FactText.isVersion($0) }
            let kernel = stated.count == 1 ? String(stated[0]) : nil
            return [
                KernelLivepatch(
                    reporter: .kernelCare, name: kernel ?? "kernelcare", isActive: true,
                    fixes: values("kpatch-cve:").compactMap { weakness($0) }, kernel: kernel)
            ]
        }
    }
}
