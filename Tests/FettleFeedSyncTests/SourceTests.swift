import FettleModel
import Foundation
import NIOHTTP1
import Testing

@testable import FettleFeedSync

@Suite("The list of sources, which a fleet needs, and how fresh they are")
struct SourceTests {
    private func platform(_ distribution: String, _ version: String, _ codename: String = "") -> Platform {
        Platform(
            distribution: distribution, version: version, codename: codename, prettyName: "", architecture: "amd64")
    }

    @Test("Every source has a name of its own, plain file names, and encrypted addresses of its publisher")
    func list() throws {
        #expect(Set(FeedSources.all.map(\.id)).count == FeedSources.all.count)
        for source in FeedSources.all {
            #expect(FeedFile.isPlainName(source.id.rawValue))
            #expect(!source.files.isEmpty && !source.licence.isEmpty && source.staleAfterHours > 0)
            #expect(source.documentation.hasPrefix("https://"))
            #expect(Set(source.files.map(\.name)).count == source.files.count)
            for file in source.files {
                #expect(FeedFile.isPlainName(file.name))
                #expect(file.maximumBytes > 1_000_000)
                let place = try FeedPlace.of(file, in: source, .none)
                switch place.location {
                case .web(let address), .named(in: let address): #expect(address.isEncrypted)
                case .local: Issue.record("\(source.id) is no address of the web")
                }
                if case .pulpManifest(let list, _) = file.checksum { #expect(try FeedAddress(list).isEncrypted) }
            }
        }
    }

    @Test(
        "A platform needs the feed of its own publisher",
        arguments: [
            ("debian", "12", "bookworm", "debian-tracker"), ("ubuntu", "22.04", "jammy", "ubuntu-oval-jammy"),
            ("alpine", "3.20.3", "", "alpine-secdb-3.20"),
            ("alpine", "3.24.0_alpha20251016", "", "alpine-secdb-edge"), ("rhel", "9.4", "", "redhat-oval-9"),
            ("rhel", "10.0", "", "redhat-csaf-vex"), ("almalinux", "9.4", "", "almalinux-osv"),
            ("rocky", "8.10", "", "rocky-osv"), ("ol", "9.3", "", "oracle-oval"),
            ("sles", "15.5", "", "suse-oval-server-15"), ("opensuse-leap", "15.6", "", "suse-oval-leap-15.6"),
        ])
    func needed(distribution: String, version: String, codename: String, id: String) {
        let selection = FeedSources.selection(platforms: [platform(distribution, version, codename)])
        #expect(selection.sources.map(\.id).sorted() == ["epss", FeedSourceID(id), "kev"].sorted())
        #expect(selection.uncovered.isEmpty)
    }

    @Test("What no source covers is named; a site adds and takes away")
    func uncovered() {
        let settings = FeedSettings(include: ["vulnrichment", "unheard-of"], exclude: ["epss"])
        let selection = FeedSources.selection(
            platforms: [platform("amzn", "2023"), platform("alpine", "2.1"), platform("debian", "12")],
            ecosystems: ["pypi", "cobol"], settings: settings)
        #expect(selection.sources.map(\.id).sorted() == ["debian-tracker", "kev", "osv-pypi", "vulnrichment"])
        #expect(selection.uncovered == ["alpine 2.1", "amzn 2023", "cobol", "unheard-of"])
    }

    @Test(
        "A feed is stale by its own bound or the site's, missing where it is needed, and a clock that is wrong is told")
    func status() {
        let verification = FeedVerification(checksum: .verified, signature: .notOffered, isTransportSafe: true)
        func generation(_ checked: Timestamp) -> FeedGeneration {
            let file = FeedManifest.File(
                name: "a", address: "x", size: 5, sha256: "", publishedAt: moment, fetchedAt: moment,
                verification: verification)
            return FeedGeneration(
                path: "/x",
                manifest: FeedManifest(
                    generation: 1, createdAt: moment,
                    feeds: [FeedManifest.Feed(id: "kev", checkedAt: checked, files: [file])]))
        }
        let sources = [source("kev", "https://x.example/a"), source("epss", "https://x.example/a")]
        func states(_ hours: Int, _ settings: FeedSettings = .none) -> [FeedStatus] {
            FeedStatus.all(
                of: sources, in: generation(moment), settings: settings, records: ["kev": 7],
                now: moment.adding(seconds: hours * 3_600))
        }
        #expect(states(23).map(\.state) == [.missing, .fresh])
        #expect(states(24).map(\.state) == [.missing, .stale])
        #expect(
            states(24, FeedSettings(sources: ["kev": .init(staleAfterHours: 100)])).map(\.state) == [.missing, .fresh])
        #expect(states(-1).map(\.state) == [.missing, .stale])
        #expect(states(-1)[1].notes.joined().contains("clock"))
        let kev = states(24)[1]
        #expect(kev.records == 7 && kev.size == 5 && kev.ageSeconds == 86_400 && !kev.isSound)
        #expect(kev.publishedAt == moment)
        let far = FeedStatus.all(of: [], in: generation(Timestamp(milliseconds: .min)), now: moment)
        #expect(far.map(\.state) == [.stale])
        let none = FeedStatus.all(of: sources, in: nil, now: moment)
        #expect(none.allSatisfy { $0.state == .missing && $0.notes.joined().contains("fettle feeds sync") })
    }

    @Test("HTTP's dates are read exactly, and nothing else is")
    func dates() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == Timestamp("1994-11-06T08:49:37Z"))
        #expect(HTTPDate.parse("Thu, 29 Feb 2024 23:59:59 GMT") == Timestamp("2024-02-29T23:59:59Z"))
        #expect(HTTPDate.parse("Thu, 01 Jan 1970 00:00:00 GMT") == Timestamp(milliseconds: 0))
        for text in [
            "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 9994 99:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:4９:3 GMT",
        ] {
            #expect(HTTPDate.parse(text) == nil, "\(text)")
        }
    }

    @Test("Hostile headers, manifests, checksums and addresses end in a value or an error", arguments: 1...20)
    func hostile(seed: UInt64) {
        var generator = Generator(state: seed)
        let pieces = [
            "bytes ", "-", "/", "*", "0", "9223372036854775807", "9223372036854775808", " ", ",", "GMT", "http://", "@",
            ":", "%", "\u{0}", "é", "{", "}", "\"", "\n", "[", "]",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            for status in [200, 206, 304, 429, 302, 503, 0, 999] {
                _ = ResponseRule(
                    status: status,
                    headers: ["Content-Range": text, "Content-Length": text, "Retry-After": text, "Location": text],
                    sent: SentRequest(offset: 10, isConditional: true))
            }
            _ = HTTPDate.parse(text)
            _ = ChecksumText.digest(in: text, for: text)
            _ = ChecksumText.digest(inPulpManifest: text, for: "a")
            _ = try? FeedAddress(text)
            _ = try? FeedAddress("https://a.example/b").redirected(to: text)
            _ = try? FeedManifest.decode(Data(text.utf8), place: "m")
            _ = try? ProxyEnvironment(["all_proxy": text, "no_proxy": text]).proxy(
                for: FeedAddress("https://a.example/"))
        }
    }
}
