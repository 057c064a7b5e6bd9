import FettleModel

/// Which packages are known to be of use only after a reboot. What a plan foresees, and no more: what decides when
/// the time has come is the host's own word (`RebootCondition.ifRequired`).
///
/// The reasons, by kind:
/// - kernels: the running one stays until the next boot;
/// - microcode and firmware: loaded by the kernel when it starts;
/// - the C library: every process maps it, PID 1 and D-Bus among them;
/// - the D-Bus daemon: cannot be restarted under a running system
///   ([Debian bug 519700](https://bugs.debian.org/519700));
/// - packages whose own scripts, as installed now, write `/run/reboot-required`.
///
/// Alpine's names are its own: its kernels are `linux-lts` and the like, its C library is musl.
///
/// systemd is not among them: it executes itself anew. Nor is OpenSSL: its users are restarted.
enum RebootKnowledge {
    static func expectation(
        of changes: [PackageChange], askedByScripts: Set<String>, isPending: Bool, manager: PackageManager? = nil
    ) -> RebootExpectation {
        var reasons = Set(
            changes.filter { $0.to != nil }
                .filter { change in
                    asks(change.name) || (manager == .apk && asksOnAlpine(change.name))
                        || askedByScripts.contains(change.name)
                        || askedByScripts.contains("\(change.name):\(change.architecture)")
                }
                .map(\.name))
        if isPending { reasons.insert("a reboot is already pending") }
        return reasons.isEmpty ? .notExpected : .expected(because: reasons.sorted())
    }

    static func asks(_ package: String) -> Bool {
        KernelPackages.isKernel(package) || isLoadedAtBoot(package) || base.contains(package)
    }

    private static func asksOnAlpine(_ package: String) -> Bool {
        KernelPackages.isAlpineKernel(package) || package == "musl" || package.hasPrefix("linux-firmware-")
    }

    private static func isLoadedAtBoot(_ package: String) -> Bool {
        package.split(whereSeparator: { $0 == "-" || $0 == "_" }).contains("microcode")
            || ["linux-firmware", "kernel-firmware", "ucode-intel", "ucode-amd"].contains(package)
            || package.hasPrefix("firmware-") || package.hasPrefix("xen-hypervisor-")
    }

    private static let base: Set = ["libc6", "glibc", "dbus", "dbus-daemon", "dbus-broker"]
}
