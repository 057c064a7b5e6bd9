import FettleAssessment
import FettleControl
import FettleModel
import FettleSoftware
import Foundation
import Testing

/// From waivers to VEX statements and back: nothing is stated or believed beyond what was said.
@Suite struct VEXExchangeTests {
    private let now = Timestamp(milliseconds: 1_790_000_000_000)
    private let fleet = Fleet(
        environments: [Environment(id: "qa", isProtected: false)],
        resources: ["web-1", "web-2"].map { Resource(id: $0, address: .local, environment: "qa") }, groups: [])

    private var facts: FactSet {
        FactSet(
            id: "facts-1", observedAt: now,
            hosts: fleet.resources.map { resource in
                var host = HostFacts.nothingObserved(
                    of: resource.id, at: now, reachability: .reachable, reason: "not asked")
                host.platform = .observed(
                    Platform(
                        distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian 12",
                        architecture: "amd64"))
                host.packages = .observed([
                    InstalledPackage(
                        manager: .dpkg, name: "libssl3", architecture: "amd64", version: "3.0.20", source: "openssl",
                        sourceVersion: "3.0.20")
                ])
                return host
            })
    }

    private var findings: FindingSet {
        FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: now,
            feeds: .none,
            findings: fleet.resources.map { resource in
                Finding(
                    id: FindingID("\(resource.id)/openssl/3.0.22"), resource: resource.id, source: "openssl",
                    packages: ["libssl3"], installed: "3.0.20", fixed: "3.0.22", updateClass: .security,
                    advisories: [Advisory(id: "CVE-2026-1"), Advisory(id: "CVE-2026-2")], state: .missing, owner: .us,
                    outcome: .scheduled, dueAt: nil, explanation: [], isOffered: true, isHeld: false)
            }, notJudged: [])
    }

    private func waiver(
        _ number: Int, _ scope: WaiverScope, kind: Waiver.Kind = .accepted, days: Int = 30
    ) -> Waiver {
        Waiver(
            id: WaiverID("waiver-\(number)"), scope: scope, kind: kind,
            justification: kind == .notAffected ? .componentNotPresent : nil, reason: "known", owner: "alice",
            createdBy: "bob", createdAt: now, expiresAt: now.adding(seconds: days * 86_400))
    }

    private func book(_ waivers: [Waiver]) -> WaiverBook {
        WaiverBook(waivers, fleet: fleet, systems: WaiverBook.systems(of: facts))
    }

    private func export(_ waivers: [Waiver]) -> VEXExport {
        VEXExport(
            id: "urn:fettle:vex:1", author: "alice", findings: book(waivers).applied(to: findings, at: now),
            facts: facts, waivers: waivers, at: now)
    }

    private func imported(
        _ document: VEXDocument, scope: WaiverScope = WaiverScope(.source("")), known: [Waiver] = []
    ) -> VEXImport {
        VEXImport(
            document,
            template: .init(
                scope: scope, kind: .notAffected, reason: "", owner: "carol", expiresAt: now.adding(seconds: 86_400)),
            known: known)
    }

    private func granted(_ mapped: VEXImport) -> [Waiver] {
        mapped.requests.enumerated().map { number, request in
            Waiver(
                id: WaiverID("waiver-\(number + 1)"), scope: request.scope, kind: request.kind,
                justification: request.justification, reason: request.reason, owner: request.owner, createdBy: "carol",
                createdAt: now, expiresAt: request.expiresAt, origin: request.origin)
        }
    }

    private func document(_ statements: VEXStatement...) -> VEXDocument {
        VEXDocument(id: "urn:x:1", author: "A Vendor", issuedAt: now, statements: statements)
    }

    private func statement(_ products: [VEXProduct], status: VEXStatement.Status = .notAffected) -> VEXStatement {
        VEXStatement(
            vulnerability: "CVE-2026-1", aliases: ["GHSA-1"], status: status,
            justification: status == .notAffected ? .vulnerableCodeNotPresent : nil, products: products)
    }

    private func product(_ url: String, in holder: String? = nil) -> VEXProduct {
        VEXProduct(identifier: url, package: PackageURL(url), holder: holder)
    }

    // MARK: Out

    @Test("a waiver of a part of the fleet is stated for the package on that resource alone")
    func narrowedOut() throws {
        let all = WaiverScope(.advisory("CVE-2026-1", aliases: ["GHSA-1"]))
        var some = all
        some.resources = ["web-1"]
        let wide = try #require(export([waiver(1, all, kind: .notAffected)]).document.statements.first)
        #expect(wide.products.map(\.resource) == [nil])
        #expect(
            wide.products.map(\.identifier) == ["pkg:deb/debian/openssl@3.0.20?arch=source&distro=debian-12"])
        #expect(wide.aliases == ["GHSA-1"])
        let narrow = try #require(export([waiver(1, some, kind: .notAffected)]).document.statements.first)
        #expect(narrow.products.map(\.resource) == ["web-1"])
    }

    @Test("accepted and mitigated are affected with what was decided; expired and idle waivers are not stated")
    func kindsOut() {
        let scopes = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-9"].map { WaiverScope(.advisory($0, aliases: [])) }
        let export = export([
            waiver(1, scopes[0]), waiver(2, scopes[1], kind: .mitigated), waiver(3, scopes[2]),
            waiver(4, scopes[0], kind: .notAffected, days: -1),
        ])
        #expect(export.document.statements.map(\.status) == [.affected, .affected])
        #expect(export.document.statements.map(\.isMitigated) == [false, true])
        #expect(export.document.statements.allSatisfy { $0.words.contains("alice") && $0.words.contains("known") })
        #expect(export.leftOut == ["waiver-3: nothing that was found is covered by it now"])
    }

    @Test("where two waivers speak of one product, the careful word is stated, once")
    func contradiction() {
        let scope = WaiverScope(.advisory("CVE-2026-1", aliases: []))
        let export = export([waiver(1, scope, kind: .notAffected), waiver(2, scope)])
        #expect(export.document.statements.map(\.status) == [.affected])
    }

    @Test(
        "what is exported as not affected is imported as the same waiver, by either format", arguments: [true, false])
    func thereAndBack(isCSAF: Bool) throws {
        var scope = WaiverScope(.advisory("CVE-2026-1", aliases: []))
        scope.resources = ["web-1"]
        let written = export([waiver(1, scope, kind: .notAffected)]).document
        let bytes = isCSAF ? try CSAFWriter.write(written, namespace: "urn:a:b") : try OpenVEXWriter.write(written)
        let mapped = imported(try VEXReader.read(bytes, name: "vex.json"))
        #expect(mapped.notMapped == [])
        let marked = book(granted(mapped)).applied(to: findings, at: now)
        #expect(marked.findings.map { $0.waivers?.compactMap(\.advisories) } == [[["CVE-2026-1"]], nil])
    }

    // MARK: In

    @Test("a vendor's word holds for the version, the release and the system that it names")
    func exactIn() {
        func covers(_ url: String) -> Bool {
            let waivers = granted(imported(document(statement([product(url)]))))
            return book(waivers).applied(to: findings, at: now).findings.allSatisfy { $0.waivers != nil }
        }
        #expect(covers("pkg:deb/debian/openssl@3.0.20?arch=source&distro=debian-12"))
        #expect(covers("pkg:deb/debian/openssl@3.0.20?distro=bookworm"))
        #expect(covers("pkg:deb/debian/openssl"))
        for other in [
            "pkg:deb/debian/openssl@3.0.19", "pkg:deb/ubuntu/openssl@3.0.20", "pkg:rpm/debian/openssl@3.0.20",
            "pkg:deb/debian/openssl@3.0.20?distro=debian-13", "pkg:deb/debian/openssl@3.0.20?arch=arm64",
            "pkg:deb/debian/openssl@3.0.20?epoch=1", "pkg:deb/debian/nginx@3.0.20",
        ] {
            #expect(!covers(other), "\(other)")
        }
    }

    @Test("what cannot be mapped is told and makes no waiver")
    func notMapped() {
        let mapped = imported(
            document(
                statement([product("pkg:npm/left-pad@1.0")]), statement([product("https://example.org/p")]),
                statement([product("pkg:deb/debian/openssl", in: "cpe:/a:x:y:1")]), statement([]),
                statement([product("pkg:deb/debian/openssl")], status: .fixed),
                statement([product("pkg:deb/debian/openssl#usr/lib")])))
        #expect(mapped.requests.isEmpty)
        #expect(mapped.notMapped.count == 6)
        #expect(mapped.notMapped.contains { $0.contains("npm") })
    }

    @Test("Red Hat's packages are mapped to the release that their product names")
    func enterpriseLinux() {
        let url = "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1"
        let mapped = imported(document(statement([product(url, in: "cpe:/o:redhat:enterprise_linux:9::baseos")])))
        #expect(
            mapped.requests.map(\.scope.packages) == [
                [
                    WaivedPackage(
                        manager: .rpm, distribution: "redhat", release: "rhel-9", name: "openssl",
                        version: "1:3.0.7-27.el9")
                ]
            ])
        let minor = imported(document(statement([product(url, in: "cpe:/o:redhat:rhel_eus:9.2::baseos")])))
        #expect(minor.requests.isEmpty)
    }

    @Test("the part of the fleet that was asked for is kept, and nobody's document widens it")
    func narrowedIn() {
        let asked = WaiverScope(.source(""), environments: ["qa"])
        let url = "pkg:deb/debian/openssl@3.0.20"
        let mapped = imported(document(statement([product(url)])), scope: asked)
        #expect(mapped.requests.map(\.scope.environments) == [["qa"]])
        let onWeb = WaiverScope(.source(""), resources: ["web-2"])
        let elsewhere = imported(
            document(statement([product(url, in: "urn:fettle:resource:web-1")])), scope: onWeb)
        #expect(elsewhere.requests.isEmpty)
        let everything = imported(document(statement([product(url, in: "urn:fettle:resource:%2A")])))
        #expect(everything.requests.isEmpty)
    }

    @Test("the same document again makes no second waiver")
    func again() {
        let vendor = document(statement([product("pkg:deb/debian/openssl@3.0.20")]))
        let first = imported(vendor)
        #expect(first.requests.count == 1)
        #expect(first.requests.first?.origin == "urn:x:1")
        #expect(first.requests.first?.reason.contains("A Vendor") == true)
        let second = imported(vendor, known: granted(first))
        #expect(second.requests.isEmpty && second.notMapped.count == 1)
    }
}
