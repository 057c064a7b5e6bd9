import FettleModel
import FettleSoftware
import Foundation
import Testing

@Suite("Bills of materials")
struct BillTests {
    @Test("CycloneDX: nested components count; tools, ancestors and the image described don't")
    func cycloneDX() throws {
        let list = try read(BillSamples.cycloneDX)
        #expect(list.platform == "debian:12")
        #expect(
            list.entries == [
                "libssl3 3.0.11-1~deb12u2", "libgcc-s1 12.2.0-14+b1", "libtrivy 1:2.0-1", "org.acme:app 1.0",
                "@babel/core 7.0.0", "zope-interface 5.0",
            ])
        #expect(
            list.skipped == [
                "nameless 2: it has no package URL", "bad: \"pkg:nothing\" is no package URL",
                "generic: no advisories are known for packages of type generic", "component 9: it is no object",
            ])
    }

    @Test(
        "Debian's source comes from the URL, with its version, or from what Trivy adds beside it (wazuh#24997, trivy-db#380)"
    )
    func debianSources() throws {
        let list = try read(BillSamples.cycloneDX)
        let sources = list.packages.prefix(3).map { "\($0.source) \($0.sourceVersion)" }
        #expect(sources == ["openssl 3.0.11-1~deb12u2", "gcc-12 12.2.0-14", "trivial 1:2.1-3"])
    }

    @Test("What a bill describes is judged where advisories name it, and is no gap where they don't")
    func described() throws {
        func bill(_ component: String, _ more: String = "") -> String {
            "{ \"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.5\", \"metadata\": { \"component\": { \(component) \(more) } } }"
        }
        let named = #""type": "application", "name": "foo-bar", "purl": "pkg:pypi/foo-bar@9""#
        let nested =
            #", "components": [{ "type": "library", "purl": "pkg:npm/part@1" }, { "type": "library", "name": "x" }]"#
        #expect(try read(bill(named)).entries == ["foo-bar 9"])
        #expect(try read(bill(named, nested)).entries == ["foo-bar 9", "part 1"])
        #expect(try read(bill(named, nested)).skipped.isEmpty)
        for own in [
            #""type": "application", "name": "app""#, #""type": "application", "purl": "pkg:generic/app@1""#,
            #""type": "container", "purl": "pkg:oci/image@sha256%3A00""#, #""type": "library", "purl": "pkg:npm/app""#,
        ] {
            let list = try read(bill(own))
            #expect(list.packages.isEmpty && list.skipped.isEmpty, "\(own)")
        }
        let xml = BillSamples.cycloneDXXML.replacing(
            #"<component type="operating-system"><name>alpine</name><version>3.17.2</version></component>"#,
            with: #"<component type="application"><name>foo-bar</name><purl>pkg:pypi/foo-bar@9</purl></component>"#)
        #expect(try read(xml).package("foo-bar")?.version == "9")
    }

    @Test("A file or a container whose URL is of a package that advisories name is one")
    func namedByURL() throws {
        let list = try read(
            """
            { "spdxVersion": "SPDX-2.3", "packages": [
              { "name": "a", "primaryPackagePurpose": "ARCHIVE", "externalRefs": [
                { "referenceType": "purl", "referenceLocator": "pkg:npm/a@1" } ] },
              { "name": "image", "primaryPackagePurpose": "CONTAINER", "externalRefs": [
                { "referenceType": "purl", "referenceLocator": "pkg:docker/x/image@1" } ] } ] }
            """)
        #expect(list.entries == ["a 1"] && list.skipped.isEmpty)
    }

    @Test("CycloneDX as XML is read from the same places")
    func cycloneDXXML() throws {
        let list = try read(BillSamples.cycloneDXXML)
        #expect(list.platform == "alpine:3.17")
        #expect(list.entries == ["rails 7.0.1", "libcrypto3 3.0.8-r0"])
        #expect(list.package("libcrypto3")?.source == "openssl")
        #expect(list.skipped == ["nothing: it has no package URL"])
    }

    @Test("rpm: epoch, source rpm and module are read from the URL's qualifiers")
    func rpm() throws {
        let list = try read(
            """
            { "bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
              { "type": "library", "purl": "pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm&distro=rhel-9.2" },
              { "type": "library", "purl": "pkg:rpm/redhat/npm@10.2-1?arch=x86_64&epoch=0&modularitylabel=nodejs:20:92:rhel9" }
            ] }
            """)
        #expect(list.platform == "redhat:9")
        #expect(list.entries == ["openssl-libs 1:3.0.7-24.el9", "npm 10.2-1"])
        #expect(list.packages[0].source == "openssl")
        #expect(list.packages[0].sourceVersion == "1:3.0.7-24.el9")
        #expect(list.packages[1].module == "nodejs:20")
    }

    @Test("Where packages name several releases, each is of its own")
    func platforms() throws {
        let list = try read(
            """
            { "bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
              { "type": "library", "purl": "pkg:deb/debian/a@1?distro=debian-11" },
              { "type": "library", "purl": "pkg:deb/debian/b@1?distro=bookworm" } ] }
            """)
        #expect(list.platform == nil)
        #expect(list.packages.map(\.platform) == ["debian:11", "debian:12"])
        #expect(list.skipped.isEmpty)
    }

    @Test(
        "A package that names another release than the operating system is of its own, one that names none of the system's"
    )
    func platformsBesideTheSystem() throws {
        let list = try read(
            """
            { "bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
              { "type": "operating-system", "name": "debian", "version": "12" },
              { "type": "library", "purl": "pkg:deb/debian/a@1?distro=debian-11" },
              { "type": "library", "purl": "pkg:deb/debian/b@1?distro=debian-12.5" },
              { "type": "library", "purl": "pkg:deb/debian/b@1" },
              { "type": "library", "purl": "pkg:deb/kali/c@1?distro=kali-2024.1" } ] }
            """)
        #expect(list.platform == "debian:12")
        #expect(list.packages.map(\.name) == ["a", "b", "c"])
        #expect(list.packages.map(\.platform) == ["debian:11", nil, nil])
    }

    @Test(
        "XML that could reach outside itself or grow is refused",
        arguments: [
            "<!DOCTYPE bom [<!ENTITY a \"b\">]>", "<!DOCTYPE bom SYSTEM \"file:///etc/passwd\">",
            "<!DOCTYPE bom [<!ENTITY % a SYSTEM \"http://x/\"> %a;]>",
        ])
    func entities(doctype: String) throws {
        let text = BillSamples.cycloneDXXML.replacing("<bom ", with: "\(doctype)<bom ")
        let error = try #require(throws: SoftwareListError.self) { try read(text) }
        #expect(error.message.contains("DOCTYPE"))
    }

    @Test("XML in another encoding, cut off, or nested without end is refused")
    func hostileXML() throws {
        let text = BillSamples.cycloneDXXML
        let wide = try #require(text.data(using: .utf16LittleEndian))
        #expect(throws: SoftwareListError.self) {
            try SoftwareListReader.read(wide, name: "x", as: .cycloneDXXML)
        }
        #expect(throws: SoftwareListError.self) { try read(text.replacing("UTF-8", with: "UTF-7")) }
        #expect(throws: SoftwareListError.self) { try read(String(text.dropLast(20))) }
        for bad in ["<a b=1/>", "<a b='1' b='2'/>", "<a></b>", "<a>&c;</a>", "<a>&#xD800;</a>", "<1/>", "</bom>"] {
            let spoiled = text.replacing("<components>", with: "<components>" + bad, maxReplacements: 1)
            #expect(throws: SoftwareListError.self, "\(bad)") { try read(spoiled) }
        }
        #expect(throws: SoftwareListError.self) { try read(text + "<bom/>") }
        let head = "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\">"
        #expect(throws: SoftwareListError.self) { try read(head + String(repeating: "<a>", count: 100_000)) }
    }

    @Test("SPDX: packages by their purl; the URL's missing version is the package's own")
    func spdx() throws {
        let list = try read(BillSamples.spdx)
        #expect(list.platform == "debian:11")
        #expect(list.entries == ["zlib1g 1:1.2.11", "serde 1.0.1"])
        #expect(list.packages[0].source == "zlib")
        #expect(list.ecosystems == ["dpkg", "crates.io"])
        #expect(list.skipped == ["unknown 1: it has no package URL"])
    }

    @Test("SPDX as tags: a text over several lines holds no tags")
    func spdxTagValue() throws {
        let list = try read(BillSamples.spdxTagValue)
        #expect(list.entries == ["monolog/monolog 2.0.0"])
        #expect(list.skipped == ["other: it has no package URL"])
    }

    @Test("SPDX 3: packages of the graph")
    func spdx3() throws {
        #expect(try read(BillSamples.spdx3).entries == ["flask 2.0", "Newtonsoft.Json 13.0.1"])
    }

    @Test("syft: source, epoch and module come from the metadata")
    func syft() throws {
        let list = try read(BillSamples.syft)
        #expect(list.platform == "ubuntu:20.04")
        #expect(
            list.entries == [
                "libacl1 2.2.53-6", "npm 1:10.2-1.el9", "bash 5.1-1.el9", "libssl 3.0-r0", "golang.org/x/net v0.1.0",
                "flask 2.0",
            ])
        #expect(list.packages.prefix(4).map(\.source) == ["acl", "nodejs", "bash", "openssl"])
        #expect(list.packages[0].sourceVersion == "2.2.53-6")
        #expect(list.packages[1].sourceVersion == "1:20.9-1.el9")
        #expect(list.packages[1].module == "nodejs:20")
        #expect(list.skipped.count == 3)
    }

    @Test("A version of a format that is not known is refused")
    func versions() {
        #expect(throws: SoftwareListError.self) { try read(#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#) }
        #expect(throws: SoftwareListError.self) { try read(#"{"spdxVersion":"SPDX-4.0"}"#) }
    }
}
