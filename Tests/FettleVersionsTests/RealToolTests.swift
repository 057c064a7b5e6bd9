import FettleVersions
import Foundation
import Testing

/// The package managers themselves, where this machine has them.
enum RealTool {
    static func find(_ name: String) -> URL? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return path.split(separator: ":")
            .map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    static let hasDpkg = find("dpkg") != nil
    static let hasRpm = find("rpm") != nil
    static let hasApk = find("apk") != nil

    /// Runs a shell script that gets the lines on its standard input, and returns the lines that it prints.
    static func run(_ script: String, lines: [String]) throws -> [String] {
        let input = FileManager.default.temporaryDirectory.appending(path: "versions-\(UUID().uuidString)")
        try (lines.joined(separator: "\n") + "\n").write(to: input, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: input) }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: printed, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Pairs of versions from a seed, most of them near relatives. Only printable bytes without a space, because the
    /// tools get them as words.
    static func pairs(_ scheme: VersionScheme, seed: UInt64, count: Int) -> [(left: String, right: String)] {
        var generator = VersionGenerator(seed: seed, alphabet: Array("0019aAzZrp..--__~~^^::++".utf8))
        var pairs: [(left: String, right: String)] = []
        while pairs.count < count {
            let left = generator.plausible(scheme)
            var right = Array((generator.number(below: 3) == 0 ? generator.plausible(scheme) : left).utf8)
            for _ in 0..<generator.number(below: 4) { right = generator.relative(of: right) }
            guard !right.isEmpty else { continue }
            pairs.append((left, String(decoding: right, as: UTF8.self)))
        }
        return pairs
    }

    /// Asserts that each printed `<`, `=` or `>` is the answer of ours.
    static func expectAgreement(
        _ scheme: VersionScheme, _ pairs: [(left: String, right: String)], _ printed: [String]
    ) {
        #expect(printed.count == pairs.count, "the tool answered for \(printed.count) of \(pairs.count) pairs")
        for (pair, relation) in zip(pairs, printed) {
            let found = scheme.compare(pair.left, pair.right)
            if VersionCase.relations[relation] != found {
                Issue.record("\(pair.left) \(relation) \(pair.right) by the tool, \(found) by us")
            }
        }
    }
}

@Suite("Version orders, against the real package managers")
struct RealToolTests {
    static let seeds: [UInt64] = [1, 2, 3]

    /// dpkg goes on comparing where it only warns, and refuses what has no epoch, revision or version where one is
    /// announced; such pairs are left out, for there is nothing to compare with.
    @Test("dpkg --compare-versions", .enabled(if: RealTool.hasDpkg, "needs dpkg"), arguments: seeds)
    func dpkg(_ seed: UInt64) throws {
        let pairs = RealTool.pairs(.dpkg, seed: seed, count: 400).filter { DpkgVersion.isValid($0.right) }
        try #require(pairs.count > 150)
        let script = """
            while read -r a b; do
                if dpkg --compare-versions "$a" lt "$b"; then echo '<'
                elif dpkg --compare-versions "$a" eq "$b"; then echo '='
                else echo '>'; fi
            done
            """
        let printed = try RealTool.run(script, lines: pairs.map { "\($0.left) \($0.right)" })
        RealTool.expectAgreement(.dpkg, pairs, printed)
    }

    @Test("dpkg --validate-version", .enabled(if: RealTool.hasDpkg, "needs dpkg"), arguments: seeds)
    func dpkgValidity(_ seed: UInt64) throws {
        let versions = RealTool.pairs(.dpkg, seed: seed &+ 100, count: 300).map(\.right)
        let script = """
            while read -r a; do if dpkg --validate-version -- "$a"; then echo yes; else echo no; fi; done
            """
        let printed = try RealTool.run(script, lines: versions)
        #expect(printed.count == versions.count)
        #expect(Set(printed) == ["yes", "no"])
        for (version, answer) in zip(versions, printed) where DpkgVersion.isValid(version) != (answer == "yes") {
            Issue.record("\(version): \(answer) by dpkg")
        }
    }

    @Test("rpm.vercmp", .enabled(if: RealTool.hasRpm, "needs rpm"), arguments: seeds)
    func rpm(_ seed: UInt64) throws {
        let pairs = RealTool.pairs(.rpm, seed: seed, count: 400)
        // The versions hold no quote, backslash or percent sign, so that they can stand in the script as they are.
        let calls = pairs.map { "c('\($0.left)','\($0.right)')" }.joined(separator: " ")
        let lua = "local function c(a,b) print(({[-1]='<',[0]='=',[1]='>'})[rpm.vercmp(a,b)]) end \(calls)"
        let script = """
            read -r program; rpm --eval "%{lua:$program}" | tr -d '[:space:]' | sed 's/./&\\n/g'
            """
        let printed = try RealTool.run(script, lines: [lua])
        RealTool.expectAgreement(.rpm, pairs, printed)
    }

    /// Where apk-tools 3 calls a version invalid, ours may tell more apart (see `ApkOrder`), so those are left out.
    @Test("apk version --test", .enabled(if: RealTool.hasApk, "needs apk, of apk-tools 3"), arguments: seeds)
    func apk(_ seed: UInt64) throws {
        let pairs = RealTool.pairs(.apk, seed: seed, count: 500).filter { ApkVersion.isValid($0.right) }
        try #require(pairs.count > 150)
        let script = """
            while read -r a b; do apk version --test "$a" "$b"; done
            """
        let printed = try RealTool.run(script, lines: pairs.map { "\($0.left) \($0.right)" })
        RealTool.expectAgreement(.apk, pairs, printed)
    }

    @Test("apk version --check", .enabled(if: RealTool.hasApk, "needs apk, of apk-tools 3"), arguments: seeds)
    func apkValidity(_ seed: UInt64) throws {
        let versions = RealTool.pairs(.apk, seed: seed &+ 100, count: 200).map(\.right).filter { !$0.hasPrefix("-") }
        let script = """
            while read -r a; do if apk version --check "$a" >/dev/null; then echo yes; else echo no; fi; done
            """
        let printed = try RealTool.run(script, lines: versions)
        #expect(printed.count == versions.count)
        #expect(Set(printed) == ["yes", "no"])
        for (version, answer) in zip(versions, printed) where ApkVersion.isValid(version) != (answer == "yes") {
            Issue.record("\(version): \(answer) by apk")
        }
    }
}
