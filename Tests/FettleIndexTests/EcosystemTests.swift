import FettleIndex
import FettleVersions
import Testing

@Suite("Ecosystems")
struct EcosystemTests {
    @Test("The order of versions follows from the name, in any case")
    func schemeFollowsFromTheName() {
        #expect(Ecosystem("Debian:12")?.scheme == .dpkg)
        #expect(Ecosystem("ubuntu:22.04:pro")?.release == "22.04:pro")
        #expect(Ecosystem("PyPI")?.scheme == .pep440)
        #expect(Ecosystem("crates.io")?.scheme == .semver)
        #expect(Ecosystem("plan9:4") == nil)
    }
}
