import FettleModel
import FettleSoftware
import Testing

@Suite("Lists by rpm")
struct RpmListTests {
    @Test("Full names as rpm -qa prints them; keys of repositories are left out")
    func fullNames() throws {
        let list = try read(
            """
            java-1.8.0-openjdk-headless-1.8.0.402.b06-2.el9.x86_64
            gpg-pubkey-fd431d51-4ae0493b
            tzdata-2024a-1.el9.noarch
            gpg-pubkey-5a6340b3-6229229e.(none)

            """)
        #expect(list.entries == ["java-1.8.0-openjdk-headless 1.8.0.402.b06-2.el9", "tzdata 2024a-1.el9"])
        #expect(list.packages.map(\.architecture) == ["x86_64", "noarch"])
        #expect(list.ecosystems == ["rpm"])
        #expect(list.skipped.isEmpty)
    }

    @Test("A missing epoch, (none) and 0 are the same version (grype#437, grype#438, grype#2170)")
    func epochs() throws {
        let list = try read("a\t(none):1.2-3\tx86_64\nb\t0:1.2-3\tx86_64\nc\t1.2-3\tx86_64\nd\t2:1.2-3\tx86_64\n")
        #expect(list.entries == ["a 1.2-3", "b 1.2-3", "c 1.2-3", "d 2:1.2-3"])
    }

    @Test("The source rpm gives the source's name and version, with the package's epoch")
    func sources() throws {
        let list = try read(
            "openssl-libs\t1:3.0.7-24.el9\tx86_64\topenssl-3.0.7-24.el9.src.rpm\nfs\t3.16-2.el9\tx86_64\t(none)\n")
        #expect(list.packages[0].source == "openssl")
        #expect(list.packages[0].sourceVersion == "1:3.0.7-24.el9")
        #expect(list.packages[1].source == "fs")
        #expect(list.packages[1].sourceVersion == "3.16-2.el9")
    }

    @Test("The module label gives name and stream, which gate a fix (trivy#741, trivy#771)")
    func modules() throws {
        let list = try read(
            """
            nodejs\t1:18.19.1-1.module+el9\tx86_64\tnodejs-18.19.1-1.module+el9.src.rpm\tnodejs:18:902002023:rhel9
            bash\t5.1.8-6.el9\tx86_64\tbash-5.1.8-6.el9.src.rpm\t(none)
            zsh\t5.8-9.el9\tx86_64\tzsh-5.8-9.el9.src.rpm\t
            gpg-pubkey\t(none):fd431d51-4ae0493b\t(none)\t(none)\t(none)

            """)
        #expect(list.packages.map(\.module) == ["nodejs:18", nil, nil])
    }

    @Test("A line of another kind is skipped by name")
    func malformed() throws {
        let list = try read(
            """
            error: rpmdb: damaged header
            bash-5.1.8-6.el9.x86_64
            zsh-5.8-9.el9.x86_64
            a\tb

            """)
        #expect(list.packages.count == 2)
        #expect(list.skipped.count == 2)
        #expect(list.skipped[0].hasPrefix("error: rpmdb: damaged header: line 1 "))
    }
}
