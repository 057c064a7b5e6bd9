import FettleModel
import FettleSoftware
import Foundation
import Testing

/// A document of each format.
enum Samples {
    static let all: [(format: SoftwareListFormat, name: String, text: String)] = [
        (.dpkgStatus, "", DpkgStatusTests.status), (.apkDatabase, "", ApkDatabaseTests.installed),
        (.rpmList, "", "bash-5.1.8-6.el9.x86_64\nzsh-5.8-9.el9.x86_64\n"),
        (.rpmList, "", "nodejs\t1:18.1-1.el9\tx86_64\tnodejs-18.1-1.el9.src.rpm\tnodejs:18:1:2\n"),
        (.cycloneDXJSON, "", BillSamples.cycloneDX), (.cycloneDXXML, "", BillSamples.cycloneDXXML),
        (.spdxJSON, "", BillSamples.spdx), (.spdxTagValue, "", BillSamples.spdxTagValue),
        (.spdx3JSON, "", BillSamples.spdx3), (.syftJSON, "", BillSamples.syft), (.npmLock, "", LockSamples.npm3),
        (.npmLock, "", LockSamples.npm1), (.yarnLock, "", LockSamples.yarn1), (.yarnLock, "", LockSamples.yarnBerry),
        (.pnpmLock, "", LockSamples.pnpm5), (.pnpmLock, "", LockSamples.pnpm9),
        (.requirements, "requirements.txt", LockSamples.requirements), (.pipfileLock, "", LockSamples.pipfile),
        (.poetryLock, "", LockSamples.poetry), (.uvLock, "", LockSamples.uv), (.pdmLock, "", LockSamples.pdm),
        (.cargoLock, "", LockSamples.cargo), (.goMod, "", LockSamples.goMod), (.goSum, "", LockSamples.goSum),
        (.gemfileLock, "", LockSamples.gemfile), (.composerLock, "", LockSamples.composer),
        (.nugetLock, "", LockSamples.nuget), (.gradleLock, "", LockSamples.gradle),
    ]
}

@Suite("Telling a file's format")
struct DetectionTests {
    @Test(
        "Each format has a sample, and is told by its content as if it had been named", arguments: Samples.all.indices)
    func told(index: Int) throws {
        let sample = Samples.all[index]
        let told = try read(sample.text, name: sample.name)
        let named = try read(sample.text, name: sample.name, as: sample.format)
        #expect(told == named)
        #expect(!told.packages.isEmpty)
        // A byte order mark and other ends of lines change nothing.
        #expect(try read("\u{FEFF}" + sample.text, name: sample.name).packages == told.packages)
        let windows = sample.text.replacing("\n", with: "\r\n")
        #expect(try read(windows, name: sample.name).packages == told.packages)
    }

    @Test("No format is without a sample")
    func complete() {
        #expect(Set(Samples.all.map(\.format)) == Set(SoftwareListFormat.allCases))
    }

    @Test(
        "A file of no known format is refused with what was expected",
        arguments: [
            "", " \n", "hello", "{}", "[]", "{\"a\": 1}", "<html></html>", "{", "\u{0}\u{1}", "a: b\n",
            "<project><dependencies/></project>", "{\"name\":\"x\",\"dependencies\":{\"a\":\"^1\"}}",
        ])
    func refused(text: String) throws {
        let error = try #require(throws: SoftwareListError.self) { try read(text, name: "some.file") }
        #expect(error.document == "some.file")
        #expect("\(error)".hasPrefix("some.file: "))
        #expect(error.message.contains("expected") || error.message.contains("JSON"))
    }

    @Test("A pom.xml and a package.json are told why they are not enough")
    func ranges() throws {
        let pom = try #require(throws: SoftwareListError.self) { try read("<project></project>") }
        #expect(pom.message.contains("pom.xml"))
        let package = try #require(throws: SoftwareListError.self) { try read(#"{"name":"x","dependencies":{}}"#) }
        #expect(package.message.contains("package.json"))
    }
}
