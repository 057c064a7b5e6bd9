import FettleVersions
import Testing

@Suite("Single versions: parts and validity")
struct ParsingTests {
    @Test(
        "dpkg accepts",
        arguments: [
            "1", "1.0", "0:1", "2:1.2-3", "1:2:3-4", "1.2-3-4", "1.0~rc1+dfsg-1~deb12u1", "2147483647:1", "1a.B+c~d",
            "1-a",
        ])
    func dpkgAccepts(_ version: String) {
        #expect(DpkgVersion.isValid(version))
        #expect(VersionScheme.dpkg.isValid(version))
    }

    @Test(
        "dpkg refuses",
        arguments: [
            "", ":1", "1:", "a:1", "-1:1", "2147483648:1", "99999999999999999999999:1", "1-", "a1", "-1", "~1", "1_2",
            "1-2_3", "1 2", " 1", "1\n", "1:2-", "1/2", "1;rm", "1é", "1\0", "1-2:3", "1a:2", "1:-1",
        ])
    func dpkgRefuses(_ version: String) {
        #expect(!DpkgVersion.isValid(version))
        #expect(DpkgVersion(version) == nil)
    }

    @Test("dpkg parts")
    func dpkgParts() throws {
        let full = try #require(DpkgVersion("2:1.2-3~rc1-4+b1"))
        #expect(full.epoch == 2)
        #expect(full.upstream == "1.2-3~rc1")
        #expect(full.revision == "4+b1")
        #expect(full.withoutEpoch == "1.2-3~rc1-4+b1")
        let native = try #require(DpkgVersion("1.2"))
        #expect(native.epoch == 0)
        #expect(native.revision == nil)
        #expect(native.withoutEpoch == "1.2")
    }

    @Test("rpm parts, as rpm itself splits them: any text has some")
    func rpmParts() {
        let full = RpmVersion("1:1.1.1k-12.el8_9")
        #expect(full.epoch == "1")
        #expect(full.epochNumber == 1)
        #expect(full.version == "1.1.1k")
        #expect(full.release == "12.el8_9")
        #expect(full.description == "1:1.1.1k-12.el8_9")
        let bare = RpmVersion("1.0")
        #expect(bare.epoch == nil)
        #expect(bare.epochNumber == 0)
        #expect(bare.release == nil)
        let text = RpmVersion("a:1-")
        #expect(text.epoch == nil)
        #expect(text.version == "a:1")
        #expect(text.release == "")
        #expect(RpmVersion("0:1-2").description == "1-2")
        #expect(RpmVersion("0:1:2").description == "0:1:2")
        #expect(RpmVersion("a:1").description == "a:1")
        #expect(RpmVersion("99999999999:1").epochNumber == nil)
    }

    @Test("rpm columns: a missing epoch is printed as (none)")
    func rpmColumns() throws {
        let columns = try #require(RpmVersion(epoch: "(none)", version: "1.0", release: "1.el9"))
        #expect(columns == RpmVersion("1.0-1.el9"))
        #expect(RpmVersion(epoch: "", version: "1", release: nil)?.epoch == nil)
        #expect(RpmVersion(epoch: "7", version: "1", release: "2")?.description == "7:1-2")
        #expect(RpmVersion(epoch: "x", version: "1", release: "2") == nil)
    }

    @Test("rpm accepts", arguments: ["1", "1-1", "0:1-1", "4294967295:1-1", "1.0~rc1^git_2+3-1.el9_4"])
    func rpmAccepts(_ version: String) {
        #expect(RpmVersion.isValid(version))
    }

    @Test(
        "rpm refuses",
        arguments: [
            "", ":1-1", "1:", "1:-1", "1-", "-1", "4294967296:1-1", "a:1-1", "1-1-1", "1 0-1", "1;x-1", "1é-1",
        ])
    func rpmRefuses(_ version: String) {
        #expect(!RpmVersion.isValid(version))
    }

    @Test("A full rpm name is read from the right")
    func rpmNames() throws {
        let package = try #require(RpmPackageName("java-17-openjdk-1:17.0.9.0.9-2.el8.x86_64"))
        #expect(package.name == "java-17-openjdk")
        #expect(package.version == RpmVersion("1:17.0.9.0.9-2.el8"))
        #expect(package.architecture == "x86_64")
        #expect(!package.isSource)
        let source = try #require(RpmPackageName("openssl-1.1.1k-12.el8_9.src.rpm"))
        #expect(source.name == "openssl")
        #expect(source.version.description == "1.1.1k-12.el8_9")
        #expect(source.isSource)
    }

    @Test(
        "A name with a part missing is none",
        arguments: ["", ".rpm", "a", "a-1", "a-1-1", "a-1-.x86", "-1-1.x86", "a--1.x", "\u{600}.rpm"])
    func rpmNamesRefused(_ text: String) {
        #expect(RpmPackageName(text) == nil)
    }

    @Test(
        "apk accepts",
        arguments: ["1", "0.1", "1.2.3b", "1.0_rc1_p2", "1.0_git20240101~0afe12-r3", "1.0_p1-r0", "01.02"])
    func apkAccepts(_ version: String) {
        #expect(ApkVersion.isValid(version))
    }

    @Test(
        "apk refuses",
        arguments: [
            "", "a", ".1", "1.", "1..2", "0.1bc", "0.1a1", "0.1a.1", "1A", "0.1_", "0.1_foobar", "0.1_alphaa",
            "0.1_pre2~", "0.1_pre2~1234xbcd", "0.1~12_pre1", "0.1-r", "0.1-r2-r3", "0.1-r2.1", "0.1_1_alpha", "-r1",
            "0.1_-r0", "1 ",
        ])
    func apkRefuses(_ version: String) {
        #expect(!ApkVersion.isValid(version))
        #expect(!VersionScheme.apk.isValid(version))
    }
}
