import Foundation
import Testing

@testable import FettleImages

@Suite struct PatchRequestTests {
    @Test(arguments: [
        "openssl", "libssl3:amd64", "openssl=3.0.22-1~deb12u2", "g++=4:12.2.0-3", "libstdc++6=12.2.0-14+deb12u1",
    ])
    func namesAndVersionsOfDebianAreTaken(_ text: String) {
        #expect(PatchRequest.isPackage(text))
    }

    /// apt takes each of these for something else than one package: an option, a removal, a pattern, a file.
    @Test(arguments: [
        "", "-y", "--purge", "openssl-", "openssl+", "g++", "a", "A", "open ssl", "openssl\n", "openssl;reboot",
        "$(reboot)", "/etc/passwd",
        "./x.deb", "open*", "?name(x)", "~U", "openssl=", "openssl=-1", "openssl=1 2", "openssl=1\n", "openssl:=1",
        "openssl/stable",
        "openssl=1;x", String(repeating: "a", count: 200),
    ])
    func whatAptWouldTakeForSomethingElseIsRefused(_ text: String) {
        #expect(!PatchRequest.isPackage(text))
    }

    @Test func addressesOfProxiesAndNamespacesAreHeldToTheirForm() {
        for proxy in ["http://127.0.0.1:3142", "http://proxy.example:3128/", "http://[::1]:3142"] {
            #expect(PatchRequest.isProxy(proxy))
        }
        for proxy in [
            "", "socks://x", "http://", "http://a b", "http://user:secret@x", "http://x\"; y", "http://x\n", "-x",
        ] {
            #expect(!PatchRequest.isProxy(proxy), "\(proxy)")
        }
        for name in ["", "..", "-x", "a/b", "../x", "host", "none", "a b", "a\n"] {
            #expect(!PatchRequest.isNamespace(name), "\(name)")
        }
        #expect(PatchRequest.isNamespace("fettle-ctl"))
    }

    @Test func everythingThatIsWrongIsToldAtOnce() {
        let request = PatchRequest(
            source: "x", destination: "y", packages: ["-y"], network: .namespace("../x"), proxy: "x", limitSeconds: 1,
            bootTest: BootTest(gates: [.tcp(port: 0)], mayFail: ["x"], limitSeconds: 1, memoryMiB: 1))
        #expect(request.faults.count == 8)
        #expect(PatchRequest(source: "x", destination: "y", bootTest: BootTest()).faults.isEmpty)
    }

    @Test func aFormatIsToldByWhatAFileHolds() {
        #expect(ImageFormat.of(head: Data("QFI".utf8) + [0xFB, 0, 0, 0, 3]) == .qcow2)
        #expect(ImageFormat.of(head: Data([0x1F, 0x8B, 8])) == .archive)
        #expect(ImageFormat.of(head: Data(count: 257) + Data("ustar".utf8)) == .archive)
        #expect(ImageFormat.of(head: Data(count: 512)) == .raw)
        #expect(ImageFormat.of(head: Data()) == .raw)
    }
}
