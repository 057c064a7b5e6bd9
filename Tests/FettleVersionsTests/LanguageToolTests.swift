import FettleVersions
import Foundation
import Testing

/// One program that is the reference of an order. It gets lines `left<TAB>right` and prints `<`, `=`, `>`, or `?` where
/// it refuses one of the two; then `v` or `i` for each side, valid or not, where it can tell.
struct ReferenceProgram: Sendable, CustomTestStringConvertible {
    let scheme: VersionScheme
    let name: String
    /// Exits 0 where the reference is installed.
    let check: String
    let script: String
    /// Tells of validity too.
    var judges = true

    var testDescription: String { "\(scheme.rawValue) by \(name)" }

    static let isLong = ProcessInfo.processInfo.environment["FETTLE_TEST_LONG"] == "1"

    /// A program handed to an interpreter that reads it from a file of its own.
    private static func program(_ interpreter: String, _ text: String) -> String {
        """
        program=$(mktemp) && trap 'rm -f "$program"' EXIT && cat > "$program" <<'PROGRAM'
        \(text)
        PROGRAM
        \(interpreter) "$program"
        """
    }

    static let all = [
        ReferenceProgram(
            scheme: .pep440, name: "Python's packaging", check: "python3 -c 'import packaging.version'",
            script: program(
                "python3",
                """
                import sys
                from packaging.version import Version, InvalidVersion
                def parse(text):
                    try: return Version(text)
                    except InvalidVersion: return None
                for line in sys.stdin:
                    a, b = (parse(text) for text in line.rstrip("\\n").split("\\t"))
                    order = "?" if a is None or b is None else "<" if a < b else "=" if a == b else ">"
                    print(order + ("i" if a is None else "v") + ("i" if b is None else "v"))
                """)),
        ReferenceProgram(
            scheme: .npm, name: "node-semver",
            check: "node -e \"require('/usr/lib/node_modules/npm/node_modules/semver')\"",
            script: program(
                "node",
                """
                const semver = require('/usr/lib/node_modules/npm/node_modules/semver');
                const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(line => line);
                console.log(lines.map(line => {
                    const [a, b] = line.split('\\t'), va = semver.valid(a) !== null, vb = semver.valid(b) !== null;
                    return (va && vb ? '<=>'[semver.compare(a, b) + 1] : '?') + (va ? 'v' : 'i') + (vb ? 'v' : 'i');
                }).join('\\n'));
                """)),
        ReferenceProgram(
            scheme: .rubygems, name: "Gem::Version", check: "ruby -e 'Gem::Version.new(1)'",
            script: program(
                "ruby",
                """
                STDIN.each_line do |line|
                  a, b = line.chomp.split("\\t", -1)
                  va, vb = Gem::Version.correct?(a), Gem::Version.correct?(b)
                  order = va && vb ? "<=>"[(Gem::Version.new(a) <=> Gem::Version.new(b)) + 1] : "?"
                  puts order + (va ? "v" : "i") + (vb ? "v" : "i")
                end
                """)),
        ReferenceProgram(
            scheme: .packagist, name: "composer/semver",
            check: "test -f /usr/share/php/Composer/Semver/autoload.php && php -r 'exit(0);'",
            script: program(
                "php",
                """
                <?php require '/usr/share/php/Composer/Semver/autoload.php';
                $parser = new Composer\\Semver\\VersionParser();
                function normal($parser, $text) {
                    try { return $parser->normalize($text); } catch (\\Throwable $error) { return null; }
                }
                while (($line = fgets(STDIN)) !== false) {
                    [$a, $b] = array_map(fn($text) => normal($parser, $text), explode("\\t", rtrim($line, "\\n")));
                    $isBranch = strpos($a ?? '', 'dev-') === 0 || strpos($b ?? '', 'dev-') === 0;
                    $known = $a !== null && $b !== null && !$isBranch;
                    echo $known ? '<=>'[version_compare($a, $b) + 1] : '?';
                    echo "\\n";
                }
                """), judges: false),
    ]

    var isInstalled: Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "(\(check)) >/dev/null 2>&1"]
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static let installed = all.filter(\.isInstalled)
}

/// All programs are asked in bulk, one process for each seed: a thousand pairs, or a hundred thousand where
/// `FETTLE_TEST_LONG=1` is set.
@Suite("Version orders, against the languages' own programs")
struct LanguageToolTests {
    @Test(
        "A program and ours give one order",
        .enabled(if: !ReferenceProgram.installed.isEmpty, "needs python3, node, ruby or php with their libraries"),
        arguments: ReferenceProgram.installed)
    func agreement(_ program: ReferenceProgram) throws {
        let count = ReferenceProgram.isLong ? 100_000 : 1_000
        let pairs = RealTool.pairs(program.scheme, seed: ReferenceProgram.isLong ? 7 : 1, count: count)
        let printed = try RealTool.run(program.script, lines: pairs.map { "\($0.left)\t\($0.right)" })
        try #require(printed.count == pairs.count)
        var compared = 0
        for (pair, answer) in zip(pairs, printed) {
            let order = String(answer.prefix(1))
            if order != "?" {
                compared += 1
                let found = program.scheme.compare(pair.left, pair.right)
                if VersionCase.relations[order] != found {
                    Issue.record("\(pair.left) \(order) \(pair.right) by \(program.name), \(found) by us")
                }
            }
            guard program.judges else { continue }
            let judgement = String(answer.dropFirst())
            let ours =
                (program.scheme.isValid(pair.left) ? "v" : "i") + (program.scheme.isValid(pair.right) ? "v" : "i")
            if judgement != ours { Issue.record("\(pair.left), \(pair.right): \(judgement) by \(program.name)") }
        }
        #expect(compared > count / 5, "so few pairs that the program takes would prove little")
    }
}
