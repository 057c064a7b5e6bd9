import FettleModel
import FettleSoftware
import FettleTestSupport
import Foundation
import Testing

@Suite("Package URLs")
struct PackageURLTests {
    @Test("All parts are taken apart and decoded")
    func parts() throws {
        let url = try #require(
            PackageURL("pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bb1?Arch=amd64&distro=debian-12#a/../b"))
        #expect(url.type == "deb")
        #expect(url.namespace == "debian")
        #expect(url.name == "libstdc++6")
        #expect(url.version == "12.2.0-14+b1")
        #expect(url.qualifiers == ["arch": "amd64", "distro": "debian-12"])
        #expect(url.subpath == "a/b")
        #expect("\(url)" == "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bb1?arch=amd64&distro=debian-12#a/b")
    }

    @Test(
        "What is no package URL is refused",
        arguments: [
            "", "pkg:", "pkg:npm", "pkg:npm/", "pkg:npm/@1", "npm/x", "http://x/y", "pkg:9npm/x", "pkg:n_pm/x",
            "pkg:npm/%zz", "pkg:npm/%f", "pkg:npm/%ff", "pkg:npm/x?a b=c", "pkg:npm/x?novalue",
        ])
    func refused(text: String) {
        #expect(PackageURL(text) == nil)
    }

    private struct Case: Decodable {
        var purl: String
        var canonical: String?
        var type: String?
        var namespace: String?
        var name: String?
        var version: String?
        var qualifiers: [String: String]?
        var subpath: String?
        var isInvalid: Bool

        enum CodingKeys: String, CodingKey {
            case purl, type, namespace, name, version, qualifiers, subpath
            case canonical = "canonical_purl"
            case isInvalid = "is_invalid"
        }
    }

    @Test(
        "The specification's test suite holds",
        .enabled(if: PublishedData.has("purl-test-suite.json"), "no purl-test-suite.json here"))
    func suite() throws {
        let file = try #require(PublishedData.file("purl-test-suite.json"))
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        #expect(cases.count > 20)
        for item in cases {
            guard !item.isInvalid else {
                #expect(PackageURL(item.purl) == nil, "\(item.purl)")
                continue
            }
            let url = try #require(PackageURL(item.purl), "\(item.purl)")
            #expect("\(url)" == item.canonical)
            #expect(url.type == item.type)
            // One case of the suite has a slash at the end of its namespace.
            #expect(url.namespace == item.namespace.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 })
            #expect(url.name == item.name)
            #expect(url.version == item.version)
            #expect(url.qualifiers == item.qualifiers ?? [:])
            #expect(url.subpath == item.subpath)
            #expect(PackageURL("\(url)") == url)
        }
    }
}

@Suite("Names of platforms")
struct PlatformNameTests {
    @Test(
        "A release has the name of its advisories",
        arguments: [
            ("debian", "12", "debian:12"), ("debian", "12.4", "debian:12"), ("ubuntu", "22.04", "ubuntu:22.04"),
            ("rhel", "9.2", "redhat:9"), ("centos", "7", "centos:7"), ("almalinux", "9.3", "almalinux:9"),
            ("rocky", "8.9", "rocky:8"), ("ol", "8.8", "oracle:8"), ("amzn", "2023", "amazon:2023"),
            ("amazon", "2 (Karoo)", "amazon:2"), ("amzn", "2018.03", "amazon:1"), ("fedora", "39", "fedora:39"),
            ("sles", "15.5", "suse:15.5"), ("sles", "15", "suse:15.0"), ("opensuse-leap", "15.5", "opensuse:15.5"),
            ("opensuse-tumbleweed", "20240101", "opensuse:tumbleweed"), ("openEuler", "22.03", "openeuler:22.03"),
            ("azurelinux", "3.0", "azurelinux:3.0"), ("mariner", "2.0", "mariner:2.0"), ("photon", "5.0", "photon:5.0"),
            ("alpine", "3.18.4", "alpine:3.18"), ("alpine", "3.21_alpha20240807", "alpine:edge"),
            ("wolfi", "20230201", "wolfi"), ("raspbian", "12", "raspbian:12"),
            ("sle-micro", "5.3", "suse:micro-5.3"), ("opensuse-leap-micro", "5.5", "opensuse:micro-5.5"),
        ])
    func releases(id: String, version: String, name: String) {
        #expect(PlatformName.name(id: id, version: version) == name)
    }

    @Test(
        "openEuler's service packs are releases of their own, told by the title (VERSION_ID has only the number)",
        arguments: [
            ("22.03", "openEuler 22.03 (LTS-SP1)", "openeuler:22.03-lts-sp1"),
            ("22.03", "openEuler 22.03 LTS", "openeuler:22.03-lts"), ("22.03-LTS-SP4", "", "openeuler:22.03-lts-sp4"),
            ("23.09", "openEuler 23.09", "openeuler:23.09"), ("22.03", "LTS-SPx; rm -rf /", "openeuler:22.03-lts"),
            ("22.03 (LTS-SP3)", "", "openeuler:22.03-lts-sp3"), ("x", "openEuler 22.03 (LTS-SP1)", nil),
        ])
    func editions(version: String, title: String, name: String?) {
        #expect(PlatformName.name(id: "openEuler", version: version, title: title) == name)
    }

    @Test("Without a version the codename tells")
    func codenames() {
        #expect(PlatformName.name(id: "debian", version: "", codename: "trixie") == "debian:13")
        #expect(PlatformName.name(id: "debian", version: "", codename: "jammy") == nil)
        #expect(PlatformName.name(id: "debian", version: "", codename: "sid") == "debian:unstable")
    }

    @Test("A derivative, an unknown distribution and a missing release have no name")
    func unknown() {
        for (id, version) in [("linuxmint", "21"), ("kali", "2024.1"), ("debian", ""), ("debian", "x"), ("", "")] {
            #expect(PlatformName.name(id: id, version: version) == nil)
        }
    }

    @Test("A package URL's distro is read with and without the name before it")
    func distros() {
        #expect(PlatformName.name(distro: "debian-12") == "debian:12")
        #expect(PlatformName.name(distro: "opensuse-leap-15.5") == "opensuse:15.5")
        #expect(PlatformName.name(distro: "3.22.0", namespace: "alpine") == "alpine:3.22")
        #expect(PlatformName.name(distro: "bookworm", namespace: "debian") == "debian:12")
        #expect(PlatformName.name(distro: "wolfi-20230201") == "wolfi")
        #expect(PlatformName.name(distro: "openeuler-22.03-LTS-SP1") == "openeuler:22.03-lts-sp1")
        #expect(PlatformName.name(distro: "nonsense") == nil)
    }
}
