import FettleAssessment
import FettleModel
import FettleTestSupport
import Testing

/// vuls#1933 #1916, wazuh#36983, where a package's version is not what `uname -r` says: of several kernels the running one alone counts.
@Suite struct RunningKernelTests {
    private func exposed(
        _ manager: PackageManager, _ kernels: [(name: String, version: String)], source: String? = nil, running: String
    ) -> [String] {
        var host = FactSample.host(
            "db-1",
            packages: kernels.map {
                InstalledPackage(
                    manager: manager, name: $0.name, architecture: "x86_64", version: $0.version,
                    source: source ?? $0.name, sourceVersion: $0.version)
            })
        host.kernels = .observed(KernelFacts(running: running, installed: []))
        return host.exposedPackages.map(\.version)
    }

    @Test(arguments: ["kernel-default", "kernel-azure", "kernel-rt"])
    func ofSUSEsKernelsTheRunningOneCounts(name: String) {
        let flavour = name.dropFirst("kernel-".count)
        let versions = ["5.14.21-150500.55.28.1", "5.14.21-150500.55.31.1"]
        for (version, release) in zip(versions, ["5.14.21-150500.55.28", "5.14.21-150500.55.31"]) {
            let running = "\(release)-\(flavour)"
            #expect(exposed(.rpm, versions.map { (name, $0) }, running: running) == [version])
        }
    }

    @Test func whatOnlyCarriesTheNameOfSUSEsKernelIsNone() {
        let packages = ["kernel-default-devel", "kernel-default", "kernel-macros"].map { ($0, "6.4.0-150600.23.14.2") }
        let found = exposed(
            .rpm, packages, source: "kernel-default", running: "6.4.0-150600.23.14-default")
        #expect(found == ["6.4.0-150600.23.14.2"])
    }

    @Test func ofAlpinesKernelsTheRunningOneCounts() {
        let kernels = [("linux-lts", "6.6.32-r0"), ("linux-virt", "6.6.32-r1")]
        #expect(exposed(.apk, kernels, source: "linux-lts", running: "6.6.32-0-lts") == ["6.6.32-r0"])
        #expect(exposed(.apk, kernels, source: "linux-lts", running: "6.6.32-1-virt") == ["6.6.32-r1"])
    }
}
