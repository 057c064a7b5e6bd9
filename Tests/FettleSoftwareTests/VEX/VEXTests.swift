import FettleModel
import FettleSoftware
import Foundation
import Testing

/// VEX documents, read and written.
@Suite struct VEXTests {
    private static let package = PackageURL(
        type: "deb", namespace: "debian", name: "openssl", version: "3.0.20-1~deb12u1",
        qualifiers: ["arch": "source", "distro": "debian-12"])

    private static let document = VEXDocument(
        id: "urn:fettle:vex:1", author: "Operations", issuedAt: Timestamp(milliseconds: 1_790_000_000_000),
        statements: [
            VEXStatement(
                vulnerability: "CVE-2026-1001", aliases: ["GHSA-1"], status: .notAffected,
                justification: .vulnerableCodeNotInExecutePath, words: "not built in",
                products: [VEXProduct(package), VEXProduct(package, on: "web 1")]),
            VEXStatement(
                vulnerability: "CVE-2026-1002", status: .affected, words: "accepted until then",
                products: [VEXProduct(package)]),
            VEXStatement(
                vulnerability: "DSA-1", status: .notAffected, words: "the service is off",
                products: [VEXProduct(package, on: "web-2")]),
        ])

    private func read(_ text: String) throws -> VEXDocument { try VEXReader.read(Data(text.utf8), name: "vex.json") }

    @Test("what is written is read back the same, by either format", arguments: [true, false])
    func roundTrip(isCSAF: Bool) throws {
        let bytes =
            isCSAF
            ? try CSAFWriter.write(Self.document, namespace: "https://example.org")
            : try OpenVEXWriter.write(Self.document)
        let back = try VEXReader.read(bytes, name: "vex.json")
        #expect(back.skipped == [])
        #expect(back.id == Self.document.id && back.author == Self.document.author)
        #expect(back.statements.map(\.vulnerability) == ["CVE-2026-1001", "CVE-2026-1002", "DSA-1"])
        #expect(back.statements.map(\.status) == Self.document.statements.map(\.status))
        #expect(back.statements.map(\.justification) == Self.document.statements.map(\.justification))
        for (one, other) in zip(back.statements, Self.document.statements) {
            #expect(Set(one.products.map(\.package)) == Set(other.products.map(\.package)))
            #expect(Set(one.products.map(\.resource)) == Set(other.products.map(\.resource)))
        }
    }

    @Test("OpenVEX has what its schema requires, and one of justification and impact statement, never both")
    func openVEXSchema() throws {
        let root = try #require(
            try JSONSerialization.jsonObject(with: OpenVEXWriter.write(Self.document)) as? [String: Any])
        for key in ["@context", "@id", "author", "timestamp", "version", "statements"] { #expect(root[key] != nil) }
        #expect(root["@context"] as? String == "https://openvex.dev/ns/v0.2.0")
        for statement in try #require(root["statements"] as? [[String: Any]]) {
            let status = statement["status"] as? String
            #expect((statement["vulnerability"] as? [String: Any])?["name"] != nil)
            let reasons = ["justification", "impact_statement"].filter { statement[$0] != nil }
            #expect(reasons.count == (status == "not_affected" ? 1 : 0))
            #expect((statement["action_statement"] != nil) == (status == "affected"))
        }
    }

    @Test("CSAF has what its schema and the VEX profile require, and names no product that it does not define")
    func csafSchema() throws {
        let bytes = try CSAFWriter.write(Self.document, namespace: "https://example.org")
        let root = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let head = try #require(root["document"] as? [String: Any])
        for key in ["category", "csaf_version", "publisher", "title", "tracking"] { #expect(head[key] != nil) }
        #expect(head["category"] as? String == "csaf_vex")
        let tracking = try #require(head["tracking"] as? [String: Any])
        for key in ["current_release_date", "id", "initial_release_date", "revision_history", "status", "version"] {
            #expect(tracking[key] != nil)
        }
        let tree = try #require(root["product_tree"] as? [String: Any])
        let names = try #require(tree["full_product_names"] as? [[String: Any]])
        let combined = (tree["relationships"] as? [[String: Any]] ?? []).compactMap {
            $0["full_product_name"] as? [String: Any]
        }
        let defined = (names + combined).compactMap { $0["product_id"] as? String }
        #expect(defined.count == Set(defined).count)
        let weaknesses = try #require(root["vulnerabilities"] as? [[String: Any]])
        #expect(weaknesses.map { $0["cve"] as? String } == ["CVE-2026-1001", "CVE-2026-1002", nil])
        for weakness in weaknesses {
            #expect((weakness["notes"] as? [Any])?.isEmpty == false)
            #expect(weakness["cve"] != nil || (weakness["ids"] as? [Any])?.isEmpty == false)
            let status = try #require(weakness["product_status"] as? [String: [String]])
            #expect(Set(status.values.joined()).isSubset(of: defined))
            func products(_ key: String) -> Set<String> {
                Set((weakness[key] as? [[String: Any]] ?? []).flatMap { $0["product_ids"] as? [String] ?? [] })
            }
            let explained = products("flags").union(products("threats"))
            #expect(Set(status["known_not_affected"] ?? []).isSubset(of: explained))
            #expect(Set(status["known_affected"] ?? []) == products("remediations"))
        }
    }

    @Test("Ubuntu's form, with the head in an object of its own, and forms from before 0.2.0 are read")
    func openVEXForms() throws {
        let document = try read(
            """
            {"metadata": {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "u", "author": "Canonical Ltd."},
            "statements": [
            {"vulnerability": {"name": "CVE-1", "aliases": ["https://example.org", "USN-1"]}, "status": "not_affected",
            "justification": "vulnerable_code_not_present", "products": [
            {"@id": "pkg:deb/ubuntu/curl@7.35?arch=source&distro=esm-infra/trusty"},
            {"@id": "https://example.org/p", "identifiers": {"purl": "pkg:deb/ubuntu/curl@7.35"}}]},
            {"vulnerability": "CVE-2", "status": "fixed", "products": ["pkg:deb/ubuntu/curl@7.36", {}]}]}
            """)
        #expect(document.author == "Canonical Ltd.")
        #expect(document.statements.map(\.vulnerability) == ["CVE-1", "CVE-2"])
        #expect(document.statements[0].products.allSatisfy { $0.package?.name == "curl" })
        #expect(document.statements[1].products.map { $0.package?.version } == ["7.36", nil])
    }

    @Test("Red Hat's form names packages as parts of products")
    func csafRelationships() throws {
        let document = try read(
            """
            {"document": {"csaf_version": "2.0", "publisher": {"name": "Red Hat"}, "tracking": {"id": "CVE-2023-1"}},
            "product_tree": {"branches": [{"branches": [
            {"product": {"name": "RHEL 9", "product_id": "rhel9", "product_identification_helper":
            {"cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"}}},
            {"product": {"name": "o", "product_id": "o", "product_identification_helper":
            {"purl": "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1"}}}]}],
            "relationships": [{"category": "default_component_of", "product_reference": "o",
            "relates_to_product_reference": "rhel9", "full_product_name": {"name": "x", "product_id": "rhel9:o"}}]},
            "vulnerabilities": [{"cve": "CVE-2023-1", "product_status": {"known_not_affected": ["rhel9:o", "what"]},
            "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["rhel9:o"]}]}, {}]}
            """)
        #expect(document.skipped == ["vulnerability 2: it has neither 'cve' nor 'ids'"])
        #expect(document.statements.map(\.justification) == [nil, .vulnerableCodeNotPresent])
        let product = try #require(document.statements.last?.products.first)
        #expect(product.package?.name == "openssl")
        #expect(product.holder == "cpe:/o:redhat:enterprise_linux:9::baseos")
        #expect(document.statements.first?.products.first?.package == nil)
    }

    @Test(
        "what is no VEX document is refused whole, in words",
        arguments: [
            "", "[]", "{}", "{\"@context\": 3}", "{\"@context\": \"https://example.org\", \"statements\": []}",
            "{\"@context\": \"https://openvex.dev/ns\"}", "{\"document\": {\"csaf_version\": \"1.2\"}}",
            "{\"document\": {\"csaf_version\": \"2.0\"}}", "<xml/>",
        ])
    func refused(text: String) {
        let error = #expect(throws: SoftwareListError.self) { _ = try read(text) }
        #expect(error?.message.isEmpty == false)
    }

    @Test("malformed statements are skipped and named, the others kept")
    func skipped() throws {
        let document = try read(
            """
            {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [3, {}, {"vulnerability": {"name": "CVE-1"}},
            {"vulnerability": {"name": "CVE-1\\u001b[2J"}, "status": "fixed"},
            {"vulnerability": {"name": "CVE-2"}, "status": "not_affected"}]}
            """)
        #expect(document.skipped.count == 4)
        #expect(document.statements.map(\.vulnerability) == ["CVE-2"])
    }

    @Test("no bytes make the reader fall", arguments: 0..<300)
    func fuzz(seed: UInt64) throws {
        var generator = SplitMix(seed: seed)
        let source =
            seed.isMultiple(of: 2)
            ? try OpenVEXWriter.write(Self.document) : try CSAFWriter.write(Self.document, namespace: "urn:a:b")
        var bytes = [UInt8](source)
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[at] = .random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(at..<min(bytes.count, at + 9))
            default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 40)], at: at)
            }
            if bytes.isEmpty { bytes = [0x7B] }
        }
        do throws(SoftwareListError) {
            let document = try VEXReader.read(Data(bytes), name: "fuzz")
            #expect(document.statements.count + document.skipped.count <= 100)
        } catch {
            #expect(!error.message.isEmpty)
        }
    }

    @Test("a deep product tree is refused, not followed")
    func deep() {
        let depth = 150
        let text =
            #"{"document": {"csaf_version": "2.0"}, "vulnerabilities": [], "product_tree": {"branches": ["#
            + String(repeating: #"{"branches": ["#, count: depth) + String(repeating: "]}", count: depth) + "]}}"
        #expect(throws: SoftwareListError.self) { _ = try read(text) }
    }
}
