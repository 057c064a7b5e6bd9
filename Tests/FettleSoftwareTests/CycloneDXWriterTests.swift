import FettleModel
import Foundation
import Testing

@testable import FettleSoftware

@Suite struct CycloneDXWriterTests {
    private static let packages = [
        ListedPackage(
            origin: .system(.dpkg), name: "libssl3", architecture: "amd64", version: "3.0.22-1~deb12u2",
            source: "openssl",
            sourceVersion: "3.0.22-1~deb12u2"),
        ListedPackage(
            origin: .system(.dpkg), name: "linux-image-cloud-amd64", architecture: "amd64", version: "6.1.192-2",
            source: "linux-signed-amd64", sourceVersion: "6.1.192+2"),
        ListedPackage(origin: .system(.dpkg), name: "g++", architecture: "amd64", version: "4:12.2.0-3"),
        ListedPackage(origin: .system(.dpkg), name: "perl-base", architecture: "all", version: "5.36.0-7+deb12u4"),
    ]

    private static func written(_ list: SoftwareList) throws -> Data {
        try CycloneDXWriter.write(list, name: "web-base.raw", tool: ("Fettle", "0.1.0"))
    }

    /// What is judged by the bill is what is judged by the package manager's own list.
    @Test func whatIsWrittenIsReadBackTheSame() throws {
        let list = SoftwareList(platform: "debian:12", packages: Self.packages)
        let read = try SoftwareListReader.read(try Self.written(list), name: "x")
        #expect(read.skipped == [])
        #expect(read.platform == "debian:12")
        func sorted(_ packages: [ListedPackage]) -> [ListedPackage] {
            packages.map { package in
                var package = package
                if package.platform == "debian:12" { package.platform = nil }
                return package
            }.sorted { $0.name < $1.name }
        }
        #expect(sorted(read.packages) == sorted(Self.packages))
    }

    @Test func theOrderOfTheListIsNotInTheBytes() throws {
        let list = SoftwareList(platform: "debian:12", packages: Self.packages)
        let other = SoftwareList(platform: "debian:12", packages: Self.packages.reversed())
        #expect(try Self.written(list) == Self.written(other))
    }

    @Test func packagesOfARpmSystemKeepTheirSource() throws {
        let package = ListedPackage(
            origin: .system(.rpm), name: "openssl-libs", architecture: "x86_64", version: "1:3.0.7-27.el9",
            source: "openssl", sourceVersion: "1:3.0.7-27.el9")
        let list = SoftwareList(platform: "almalinux:9", packages: [package])
        let read = try SoftwareListReader.read(try Self.written(list), name: "x")
        #expect(read.packages.map(\.name) == ["openssl-libs"])
        #expect(read.packages.map(\.version) == ["1:3.0.7-27.el9"])
        #expect(read.packages.map(\.source) == ["openssl"])
        #expect(read.packages.map(\.sourceVersion) == ["1:3.0.7-27.el9"])
    }
}
