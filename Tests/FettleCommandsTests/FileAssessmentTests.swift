import ArgumentParser
import FettleModel
import Testing

@testable import FettleCommands

@Suite struct FileAssessmentTests {
    /// As the parser of all commands understands the words; nil: it refuses them, or they ask for something else.
    private func parsed(_ words: [String]) -> FileAssessment? {
        guard let command = try? FettleCommand.parseAsRoot(words) as? Assess, !command.inputs.files.isEmpty else {
            return nil
        }
        return command.ofFiles
    }

    @Test func theCommonFormsAreUnderstoodWithoutTheParser() {
        for line in [
            "assess --dpkg-status a --platform debian:12 --index i --count",
            "assess --dpkg-status a --dpkg-status b --platform debian:12 --index i -o ndjson",
            "assess --rpm-list a --platform almalinux:9.4 --feeds f --output csv --all", "assess --sbom a --index i",
            "assess --count --lock a --lock b",
        ] {
            let words = line.split(separator: " ").map(String.init)
            #expect(FileAssessment(words: words) != nil, "\(line)")
            #expect(FileAssessment(words: words) == parsed(words), "\(line)")
        }
    }

    @Test func whatIsUnusualIsLeftToTheParser() {
        for line in [
            "", "assess", "assess --count", "assess --help", "assess --dpkg-status", "assess --dpkg-status a", "scan",
            "assess --dpkg-status a --platform beos:5", "assess --dpkg-status --count --platform debian:12",
            "assess --sbom a --index i --feeds f", "assess --sbom a --output yaml", "assess --sbom a b",
            "assess --sbom=a", "assess --sbom a --count --count", "assess -- --sbom a", "assess --sbom -",
            "assess --sbom a --platform debian:12 --platform debian:13", "--help assess --sbom a",
        ] {
            #expect(FileAssessment(words: line.split(separator: " ").map(String.init)) == nil, "\(line)")
        }
    }

    @Test("Whatever is understood without the parser is understood as the parser does", arguments: 1...20)
    func agreesWithTheParser(seed: Int) {
        var dice = SplitMix(seed: UInt64(seed))
        let vocabulary = [
            "--dpkg-status", "--rpm-list", "--apk-db", "--sbom", "--lock", "--platform", "--index", "--feeds", "-o",
            "--output", "--count", "--all", "a", "b c", "debian:12", "ubuntu:24.04", "alpine:v3.20", "beos:5", "json",
            "ndjson", "table", "csv", "-", "--", "", "-x", "--dir", "--sbom=a", "-ojson", "\n", "é", "--help",
        ]
        var understood = 0
        for _ in 0..<150 {
            // Mostly pairs of an option and something that fits, so that many are understood.
            var words = ["assess"]
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                switch Int.random(in: 0..<8, using: &dice) {
                case 0: words += ["--platform", "debian:12"]
                case 1: words += ["--sbom", "a"]
                case 2: words += ["--dpkg-status", "b c"]
                case 3: words += ["-o", "ndjson"]
                case 4: words += ["--count"]
                case 5: words += ["--index", "é"]
                default: words.append(vocabulary.randomElement(using: &dice) ?? "a")
                }
            }
            guard let quick = FileAssessment(words: words) else { continue }
            understood += 1
            #expect(quick == parsed(words), "\(words)")
        }
        #expect(understood > 5)
    }
}
