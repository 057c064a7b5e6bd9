import FettleFeeds
import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("CSAF advisories and VEX")
struct CSAFTests {
    static func platform(_ id: String, _ cpe: String) -> String {
        """
        {"category": "product_name", "name": "\(id)", "product": {"name": "\(id)", "product_id": "\(id)",
         "product_identification_helper": {"cpe": "\(cpe)"}}}
        """
    }

    static func package(_ id: String, _ url: String?) -> String {
        let helper = url.map { ", \"product_identification_helper\": {\"purl\": \"\($0)\"}" } ?? ""
        return """
            {"category": "product_version", "name": "\(id)",
             "product": {"name": "\(id)", "product_id": "\(id)"\(helper)}}
            """
    }

    static func part(_ component: String, of whole: String) -> String {
        """
        {"category": "default_component_of", "product_reference": "\(component)",
         "relates_to_product_reference": "\(whole)",
         "full_product_name": {"name": "x", "product_id": "\(whole):\(component)"}}
        """
    }

    static func document(
        id: String, category: String = "csaf_vex", branches: [String], parts: [String], vulnerabilities: [String]
    ) -> String {
        """
        {"document": {"category": "\(category)", "csaf_version": "2.0", "title": "oak security update",
          "aggregate_severity": {"text": "Important"},
          "tracking": {"id": "\(id)", "initial_release_date": "2031-11-21T15:36:34+00:00",
                       "current_release_date": "2032-04-28T03:08:14+00:00"}},
         "product_tree": {"branches": [{"category": "vendor", "name": "Red Hat", "branches": [
           {"category": "product_family", "name": "f", "branches": [\(branches.joined(separator: ","))]}]}],
          "relationships": [\(parts.joined(separator: ","))]},
         "vulnerabilities": [\(vulnerabilities.joined(separator: ","))]}
        """
    }

    static func vulnerability(_ cve: String, _ statuses: String, remediations: String = "") -> String {
        """
        {"cve": "\(cve)", "product_status": {\(statuses)}, "remediations": [\(remediations)],
         "scores": [{"cvss_v3": {"baseScore": 7.4, "vectorString": "CVSS:3.1/AV:L/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
         "threats": [{"category": "impact", "details": "Moderate"}]}
        """
    }

    static let branches = [
        platform("BaseOS-9", "cpe:/o:redhat:enterprise_linux:9::baseos"),
        platform("BaseOS-9.2.EUS", "cpe:/o:redhat:rhel_eus:9.2::baseos"),
        platform("jboss", "cpe:/a:redhat:jboss_core_services:1"),
        package("oak-0:3.0.7-25.el9_3.x86_64", "pkg:rpm/redhat/oak@3.0.7-25.el9_3?arch=x86_64"),
        package("oak-0:3.0.7-27.el9.x86_64", "pkg:rpm/redhat/oak@3.0.7-27.el9?arch=x86_64"),
        package("oak-0:3.0.7-27.el9.aarch64", "pkg:rpm/redhat/oak@3.0.7-27.el9?arch=aarch64"),
        package("oak-0:3.0.7-27.el9.src", "pkg:rpm/redhat/oak@3.0.7-27.el9?arch=src"),
        package("elm-1:2.0-1.el9.noarch", "pkg:rpm/redhat/elm@2.0-1.el9?arch=noarch&epoch=1"),
        package("ash-2:1.0-1.el9.x86_64", "pkg:rpm/redhat/ash@1.0-1.el9?arch=x86_64"),
        package("fir", "pkg:rpm/redhat/fir?arch=src"), package("yew", nil),
    ]

    static var parts: [String] {
        let packages = [
            "oak-0:3.0.7-25.el9_3.x86_64", "oak-0:3.0.7-27.el9.x86_64", "oak-0:3.0.7-27.el9.aarch64",
            "oak-0:3.0.7-27.el9.src", "elm-1:2.0-1.el9.noarch", "ash-2:1.0-1.el9.x86_64", "fir", "yew",
        ]
        return ["BaseOS-9", "BaseOS-9.2.EUS", "jboss"].flatMap { whole in packages.map { part($0, of: whole) } }
    }

    static let vex = document(
        id: "CVE-2031-6237", branches: branches, parts: parts,
        vulnerabilities: [
            vulnerability(
                "CVE-2031-6237",
                """
                "fixed": ["BaseOS-9:oak-0:3.0.7-27.el9.x86_64", "BaseOS-9:oak-0:3.0.7-25.el9_3.x86_64",
                          "BaseOS-9:oak-0:3.0.7-27.el9.aarch64", "BaseOS-9:oak-0:3.0.7-27.el9.src",
                          "BaseOS-9:elm-1:2.0-1.el9.noarch", "BaseOS-9:ash-2:1.0-1.el9.x86_64",
                          "BaseOS-9.2.EUS:oak-0:3.0.7-27.el9.x86_64", "jboss:oak-0:3.0.7-27.el9.x86_64"],
                "known_affected": ["BaseOS-9:fir"], "under_investigation": ["BaseOS-9.2.EUS:yew"],
                "known_not_affected": ["BaseOS-9:yew", "BaseOS-9.2.EUS:ash-2:1.0-1.el9.x86_64"]
                """,
                remediations: """
                    {"category": "no_fix_planned", "details": "Will not fix", "product_ids": ["BaseOS-9:fir"]},
                    {"category": "vendor_fix", "details": "update",
                     "product_ids": ["BaseOS-9:oak-0:3.0.7-27.el9.x86_64"]}
                    """)
        ])

    @Test("A VEX is a record of its CVE, with severity, dates and the published score")
    func readsVEX() throws {
        let sink = try CSAFFormat.read(Self.vex)
        let record = try #require(sink.advisories.first)
        #expect(sink.advisories.count == 1 && record.id == "CVE-2031-6237" && record.aliases.isEmpty)
        #expect(record.severity == "Important" && record.updateClass == .security)
        #expect(record.publishedAt == Timestamp("2031-11-21T15:36:34Z"))
        #expect(sink.newest == Timestamp("2032-04-28T03:08:14Z"))
        let vector = "CVSS:3.1/AV:L/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"
        #expect(record.cvss == [CVSSRating(vector: vector, publishedScore: 7.4)])
        #expect(sink.skipped.isEmpty)
    }

    @Test("Of several builds with the fix the first of a release counts, for each architecture")
    func takesTheFirstFix() throws {
        let oak = try CSAFFormat.read(Self.vex).said(of: "oak", in: "redhat:9")
        #expect(oak.map(\.fixed) == ["3.0.7-25.el9_3", "3.0.7-27.el9"])
        #expect(oak.map(\.architectures) == [["x86_64"], ["aarch64"]])
    }

    @Test("The minor release under extended support has its own fix, and other products say nothing of it (trivy#3576)")
    func keepsExtendedSupportApart() throws {
        let sink = try CSAFFormat.read(Self.vex)
        #expect(sink.said(of: "oak", in: "redhat:9.2:eus").map(\.fixed) == ["3.0.7-27.el9"])
        #expect(sink.advisories.flatMap(\.affected).allSatisfy { $0.ecosystem.name.hasPrefix("redhat:9") })
    }

    @Test("An epoch is taken from the package URL, or from the name where the URL lacks it (grype#2170)")
    func readsEpochs() throws {
        let sink = try CSAFFormat.read(Self.vex)
        #expect(sink.said(of: "elm", in: "redhat:9").map(\.fixed) == ["1:2.0-1.el9"])
        #expect(sink.said(of: "elm", in: "redhat:9").first?.architectures.isEmpty == true)
        #expect(sink.said(of: "ash", in: "redhat:9").map(\.fixed) == ["2:1.0-1.el9"])
    }

    @Test("Statuses: without a fix, under investigation, not affected in all versions or in one build")
    func readsStatuses() throws {
        let sink = try CSAFFormat.read(Self.vex)
        let fir = try #require(sink.said(of: "fir", in: "redhat:9").first)
        #expect(fir.status == .affected && fir.remark == "will not fix" && fir.fixed == nil)
        #expect(fir.intervals == [VersionInterval(lower: nil, upper: nil)] && fir.architectures.isEmpty)
        #expect(sink.said(of: "yew", in: "redhat:9.2:eus").map(\.status) == [.underInvestigation])
        let yew = try #require(sink.said(of: "yew", in: "redhat:9").first)
        #expect(yew.status == .notAffected && yew.intervals.count == 1)
        let ash = try #require(sink.said(of: "ash", in: "redhat:9.2:eus").first)
        #expect(ash.status == .notAffected && ash.versions == ["2:1.0-1.el9"] && ash.intervals.isEmpty)
    }

    @Test("An advisory has one record; a package is not affected only if no CVE of it affects it")
    func readsAdvisory() throws {
        let fixed = "\"fixed\": [\"BaseOS-9:oak-0:3.0.7-27.el9.x86_64\"]"
        let spared = ", \"known_not_affected\": [\"BaseOS-9:ash-2:1.0-1.el9.x86_64\", \"BaseOS-9:yew\"]"
        let one = ", \"known_not_affected\": [\"BaseOS-9:yew\"]"
        let sink = try CSAFFormat.read(
            Self.document(
                id: "RHSA-2031:7434", branches: Self.branches, parts: Self.parts,
                vulnerabilities: [
                    Self.vulnerability("CVE-2031-1829", fixed + spared),
                    Self.vulnerability("CVE-2031-3609", fixed + one),
                ]))
        let record = try #require(sink.advisories.first)
        #expect(sink.advisories.count == 1 && record.aliases == ["CVE-2031-1829", "CVE-2031-3609"])
        #expect(record.affected.map(\.name) == ["oak", "yew"])
        #expect(record.affected.map(\.status) == [.affected, .notAffected])
    }

    @Test("A module stands between package and release, or in the package's URL (trivy#741)")
    func readsModules() throws {
        let release = "1-1.module+el8.8.0+1"
        let branches = [
            Self.platform("AppStream-8", "cpe:/a:redhat:enterprise_linux:8::appstream"),
            Self.package("oakjs:18:8080020:c", "pkg:rpmmod/redhat/oakjs@18:8080020:c"),
            Self.package("oakjs-0:\(release).x86_64", "pkg:rpm/redhat/oakjs@\(release)?arch=x86_64"),
            Self.package(
                "elmjs-0:\(release).x86_64", "pkg:rpm/redhat/elmjs@\(release)?arch=x86_64&rpmmod=oakjs:20:808:c"),
            Self.package("ashjs-0:\(release).x86_64", "pkg:rpm/redhat/ashjs@\(release)?arch=x86_64"),
        ]
        let whole = "AppStream-8:oakjs:18:8080020:c"
        let parts = [
            Self.part("oakjs:18:8080020:c", of: "AppStream-8"), Self.part("oakjs-0:\(release).x86_64", of: whole),
            Self.part("elmjs-0:\(release).x86_64", of: "AppStream-8"),
            Self.part("ashjs-0:\(release).x86_64", of: "AppStream-8"),
        ]
        let ids = [whole, "AppStream-8", "AppStream-8"]
        let fixed = zip(ids, ["oakjs", "elmjs", "ashjs"]).map { "\"\($0):\($1)-0:\(release).x86_64\"" }
        let sink = try CSAFFormat.read(
            Self.document(
                id: "RHSA-2031:1", branches: branches, parts: parts,
                vulnerabilities: [Self.vulnerability("CVE-2031-1829", "\"fixed\": [\(fixed.joined(separator: ","))]")]))
        #expect(sink.said(of: "oakjs", in: "redhat:8").map(\.module) == ["oakjs:18"])
        #expect(sink.said(of: "elmjs", in: "redhat:8").map(\.module) == ["oakjs:20"])
        #expect(sink.said(of: "ashjs", in: "redhat:8").map(\.status) == [.unknown], "its stream is not named")
    }

    @Test("SUSE's packages have full names instead of URLs, and what to go to is recommended")
    func readsSUSE() throws {
        let branches = [
            Self.platform("SUSE Linux Enterprise Server 15 SP5", "cpe:/o:suse:sles:15:sp5"),
            Self.package("oak-1.60.0-150300.21.23.1.aarch64", nil),
        ]
        let whole = "SUSE Linux Enterprise Server 15 SP5"
        let sink = try CSAFFormat.read(
            Self.document(
                id: "SUSE-SU-2031:1234-1", category: "csaf_security_advisory", branches: branches,
                parts: [Self.part("oak-1.60.0-150300.21.23.1.aarch64", of: whole)],
                vulnerabilities: [
                    Self.vulnerability(
                        "CVE-2031-1829", "\"recommended\": [\"\(whole):oak-1.60.0-150300.21.23.1.aarch64\"]")
                ]))
        let oak = try #require(sink.said(of: "oak", in: "suse:15.5").first)
        #expect(oak.fixed == "1.60.0-150300.21.23.1" && oak.architectures == ["aarch64"])
    }

    @Test("Products that the tree doesn't have are counted and named, and the others kept")
    func namesMissingProducts() throws {
        let sink = try CSAFFormat.read(
            Self.document(
                id: "CVE-2031-1", branches: Self.branches, parts: Self.parts,
                vulnerabilities: [
                    Self.vulnerability(
                        "CVE-2031-1001", "\"known_affected\": [\"BaseOS-9:fir\", \"nowhere:fir\", \"nowhere:elm\"]"),
                    Self.vulnerability("", "\"known_affected\": [\"BaseOS-9:fir\"]"), "17",
                ]
            ).replacing("\"id\": \"CVE-2031-1\"", with: "\"id\": \"CVE-2031-1001\""))
        #expect(sink.advisories.map(\.affected.count) == [1])
        #expect(sink.skipped.contains { $0.record == "CVE-2031-1001" && $0.reason.contains("nowhere:fir") })
        #expect(sink.skipped.contains { $0.reason.contains("no CVE") })
    }

    @Test("Relationships in a circle and branches without end come to an end")
    func boundsTrees() throws {
        let circle =
            "{\"category\": \"x\", \"product_reference\": \"a\", \"relates_to_product_reference\": \"a\", "
            + "\"full_product_name\": {\"product_id\": \"a\"}}"
        let sink = try CSAFFormat.read(
            Self.document(
                id: "CVE-2031-1001", branches: [], parts: [circle],
                vulnerabilities: [Self.vulnerability("CVE-2031-1001", "\"known_affected\": [\"a\"]")]))
        #expect(sink.advisories.first?.affected.isEmpty == true)
        let deep = String(repeating: "{\"branches\":[", count: 200) + String(repeating: "]}", count: 200)
        _ = try CSAFFormat.read(Self.document(id: "RHSA-1", branches: [deep], parts: [], vulnerabilities: []))
        let endless = String(repeating: "[", count: 100_000)
        #expect(CSAFFormat.refusal("{\"document\": {\"csaf_version\": \"2.0\"}, \"x\": \(endless)") != nil)
    }

    @Test("Documents are told by their content; what isn't CSAF 2.0 is refused with the place")
    func refuses() {
        #expect(CSAFFormat.recognises(Data(Self.vex.utf8)) && !CSAFFormat.recognises(Data("{\"a\": 1}".utf8)))
        #expect(!CSAFFormat.recognises(Data("<csaf_version>".utf8)))
        #expect(CSAFFormat.refusal(String(Self.vex.dropLast(9)))?.contains("no valid JSON") == true)
        let unnamed = CSAFFormat.refusal("{\"document\": {\"csaf_version\": \"2.0\", \"tracking\": {}}}")
        #expect(unnamed?.contains("'id' is missing at document.tracking") == true)
        let old = Self.vex.replacing("\"csaf_version\": \"2.0\"", with: "\"csaf_version\": \"1.2\"")
        #expect(CSAFFormat.refusal(old)?.contains("2.0 is read") == true)
    }

    @Test("Nothing crashes on damaged bytes", arguments: [1, 2] as [UInt64])
    func survivesDamage(seed: UInt64) { CSAFFormat.survivesDamage(Self.vex, seed: seed) }
}
