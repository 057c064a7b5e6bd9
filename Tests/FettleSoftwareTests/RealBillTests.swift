import FettleModel
import FettleSoftware
import FettleTestSupport
import Foundation
import Testing

@Suite("Bills that real tools wrote")
struct RealBillTests {
    static let archive = "sboms.tar.zst"
    static let tar = "/usr/bin/tar"

    @Test(
        "The samples of grype and osv-scanner give the packages that they list",
        .enabled(
            if: PublishedData.has(archive) && FileManager.default.isExecutableFile(atPath: tar), "no shared data here"),
        arguments: [
            ("/sbom-insecure/postgres-stretch.cdx.xml", "debian:9", 134, 2),
            ("/sbom-insecure/alpine.cdx.xml", "alpine:3.17", 14, 1),
            ("/sbom-insecure/with-duplicates.cdx.xml", "alpine:3.17", 14, 1),
            ("/sbom-insecure/bad-purls.cdx.xml", "alpine:3.17", 9, 7),
            ("/sbom-insecure/alpine-zlib-16.cdx.json", "alpine:3.22", 1, 0),
            ("/sbom-insecure/only-unimportant.spdx.json", "ubuntu:20.04", 1, 0),
            ("/sbom-ubuntu-20.04--pruned.json", "ubuntu:20.04", 4, 0),
            ("/syft-multiple-ecosystems.json", "alpine:3.12", 3, 0),
        ])
    func samples(path: String, platform: String, packages: Int, skipped: Int) throws {
        let archive = try #require(PublishedData.file(Self.archive)).path
        let names = try #require(output(of: Self.tar, ["--zstd", "-tf", archive]))
        let member = try #require(
            String(decoding: names, as: UTF8.self).split(separator: "\n").first { $0.hasSuffix(path) })
        let bytes = try #require(output(of: Self.tar, ["--zstd", "-xOf", archive, String(member)]))
        let list = try SoftwareListReader.read(bytes, name: path)
        #expect(list.platform == platform)
        #expect(list.packages.count == packages)
        #expect(list.skipped.count == skipped)
    }
}
