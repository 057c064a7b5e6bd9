import FettleModel
import Testing

@Suite struct KernelPackagesTests {
    /// What `uname -r` says on the distributions, beside the package as the package manager lists it.
    @Test(arguments: [
        ("kernel-default", "5.14.21-150500.55.31.1", "5.14.21-150500.55.31-default"),
        ("kernel-default", "4.4.114-92.64.1", "4.4.114-92.64-default"),
        ("kernel-default", "6.9.3-1.1", "6.9.3-1-default"),
        ("kernel-default", "(none):6.4.0-150600.23.14.2", "6.4.0-150600.23.14-default"),
        ("kernel-default", "6.9.3-1", "6.9.3-1-default"),
        ("kernel-default-base", "5.14.21-150500.55.31.1.150500.6.13.1", "5.14.21-150500.55.31-default"),
        ("kernel-azure", "5.14.21-150500.33.17.1", "5.14.21-150500.33.17-azure"),
        ("kernel-rt", "5.14.21-150500.13.18.1", "5.14.21-150500.13.18-rt"),
        ("kernel-rt", "4.18.0-553.5.1.rt7.346.el8_10", "4.18.0-553.5.1.rt7.346.el8_10.x86_64"),
        ("kernel-core", "5.14.0-427.13.1.el9_4", "5.14.0-427.13.1.el9_4.x86_64"),
        ("kernel-uek", "5.15.0-200.131.27.el8uek", "5.15.0-200.131.27.el8uek.x86_64"),
        ("kernel-default-devel", "5.14.21-150500.55.31.1", nil),
        ("kernel-source", "5.14.21-150500.55.31.1", nil),
    ])
    func anRpmBootsTheReleaseThatItsKernelNames(name: String, version: String, release: String?) {
        #expect(KernelPackages.release(of: package(.rpm, name, version)) == release)
    }

    @Test(arguments: [
        ("linux-lts", "6.6.32-r0", "6.6.32-0-lts"), ("linux-virt", "6.6.32-r1", "6.6.32-1-virt"),
        ("linux-stable", "6.12.8-r0", "6.12.8-0-stable"), ("linux-headers", "6.6-r0", nil),
        ("linux-pam", "1.6.0-r0", nil),
    ])
    func anApkBootsTheReleaseThatItsKernelNames(name: String, version: String, release: String?) {
        #expect(KernelPackages.release(of: package(.apk, name, version)) == release)
    }

    /// What is a kernel by its name is one by its source too, or the running one would not be told from the others.
    @Test(arguments: [
        "kernel-default", "kernel-azure", "kernel-rt", "kernel-preempt", "kernel-kvmsmall", "kernel-64kb",
        "kernel-longterm",
        "linux-lts", "linux-virt", "linux-edge", "linux-stable", "linux-rpi", "linux-asahi",
    ])
    func aKernelsOwnNameIsASourceOfKernels(name: String) {
        #expect(KernelPackages.isSource(name))
        #expect(KernelPackages.isKernel(name) || KernelPackages.isAlpineKernel(name))
    }

    private func package(_ manager: PackageManager, _ name: String, _ version: String) -> InstalledPackage {
        InstalledPackage(
            manager: manager, name: name, architecture: "x86_64", version: version, source: name, sourceVersion: version
        )
    }
}
