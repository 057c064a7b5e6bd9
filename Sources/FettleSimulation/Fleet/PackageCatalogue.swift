import FettleModel

/// The packages that made-up hosts run, with the updates that wait for them: names and versions as Debian 12 and AlmaLinux 9 have
/// published such.
enum PackageCatalogue {
    enum Distribution: Sendable {
        case debian12, almaLinux9

        var manager: PackageManager { self == .debian12 ? .dpkg : .rpm }
        var architecture: String { self == .debian12 ? "amd64" : "x86_64" }
        var sources: [Source] { self == .debian12 ? PackageCatalogue.debian : PackageCatalogue.almaLinux }

        var platform: Platform {
            switch self {
            case .debian12:
                Platform(
                    distribution: "debian", version: "12", codename: "bookworm",
                    prettyName: "Debian GNU/Linux 12 (bookworm)", architecture: "amd64")
            case .almaLinux9:
                Platform(
                    distribution: "almalinux", version: "9.6", codename: "", prettyName: "AlmaLinux 9.6 (Sage Margay)",
                    architecture: "x86_64")
            }
        }

        var origin: UpdateOrigin {
            switch self {
            case .debian12: UpdateOrigin(origin: "Debian", suite: "stable-security", codename: "bookworm-security")
            case .almaLinux9: UpdateOrigin(origin: "AlmaLinux", suite: "baseos")
            }
        }

        var kernel: String { self == .debian12 ? "6.1.0-40-amd64" : "5.14.0-570.42.2.el9_6.x86_64" }
    }

    /// A source with the binary packages that hosts have of it.
    struct Source: Sendable {
        var name: String
        var packages: [String]
        var from: String
        var to: String
        var updateClass: UpdateClass = .security
        /// On hosts of these kinds; empty: on all.
        var kinds: Set<HostRole.Kind> = []
        var kilobytes: Int64
        /// Which the update brings beside them, as a kernel's new name.
        var brings: String?
        var needsReboot = false
        /// What runs its code.
        var unit: String?
    }

    static let count = debian.count + almaLinux.count

    static let debian = [
        Source(
            name: "openssl", packages: ["libssl3", "openssl"], from: "3.0.17-1~deb12u2", to: "3.0.17-1~deb12u3",
            kilobytes: 3_456, unit: "ssh.service"),
        Source(
            name: "glibc", packages: ["libc-bin", "libc6"], from: "2.36-9+deb12u10", to: "2.36-9+deb12u13",
            updateClass: .bugfix, kilobytes: 3_372),
        Source(
            name: "linux", packages: ["linux-image-amd64"], from: "6.1.153-1", to: "6.1.158-1", kilobytes: 68_900,
            brings: "linux-image-6.1.0-41-amd64", needsReboot: true),
        Source(
            name: "openssh", packages: ["openssh-client", "openssh-server"], from: "1:9.2p1-2+deb12u6",
            to: "1:9.2p1-2+deb12u7", kilobytes: 1_446, unit: "ssh.service"),
        Source(
            name: "tzdata", packages: ["tzdata"], from: "2025b-0+deb12u1", to: "2025b-0+deb12u2", updateClass: .bugfix,
            kilobytes: 296),
        Source(
            name: "nginx", packages: ["nginx", "nginx-common"], from: "1.22.1-9+deb12u2", to: "1.22.1-9+deb12u3",
            kinds: [.web], kilobytes: 640, unit: "nginx.service"),
        Source(
            name: "openjdk-17", packages: ["openjdk-17-jre-headless"], from: "17.0.16+8-1~deb12u1",
            to: "17.0.17+10-1~deb12u1", kinds: [.app], kilobytes: 43_900, unit: "app.service"),
        Source(
            name: "postgresql-15", packages: ["postgresql-15", "postgresql-client-15"], from: "15.13-0+deb12u1",
            to: "15.14-0+deb12u1", kinds: [.database], kilobytes: 18_700, unit: "postgresql@15-main.service"),
        Source(
            name: "haproxy", packages: ["haproxy"], from: "2.6.12-1+deb12u2", to: "2.6.12-1+deb12u3",
            kinds: [.balancer], kilobytes: 2_010, unit: "haproxy.service"),
        Source(
            name: "python3.11", packages: ["python3.11", "python3.11-minimal"], from: "3.11.2-6+deb12u5",
            to: "3.11.2-6+deb12u6", kinds: [.batch, .app], kilobytes: 2_600),
    ]

    static let almaLinux = [
        Source(
            name: "openssl", packages: ["openssl", "openssl-libs"], from: "1:3.2.2-6.el9_5", to: "1:3.2.2-6.el9_5.1",
            kilobytes: 3_300, unit: "sshd.service"),
        Source(
            name: "glibc", packages: ["glibc", "glibc-common"], from: "2.34-168.el9_6.20", to: "2.34-168.el9_6.23",
            updateClass: .bugfix, kilobytes: 2_300),
        Source(
            name: "kernel", packages: ["kernel-core"], from: "5.14.0-570.42.2.el9_6", to: "5.14.0-570.51.1.el9_6",
            kilobytes: 66_000, needsReboot: true),
        Source(
            name: "openssh", packages: ["openssh", "openssh-server"], from: "8.7p1-45.el9", to: "8.7p1-45.el9_6.1",
            kilobytes: 900, unit: "sshd.service"),
        Source(
            name: "nginx", packages: ["nginx", "nginx-core"], from: "1:1.20.1-22.el9", to: "1:1.20.1-22.el9_6.3",
            kinds: [.web], kilobytes: 600, unit: "nginx.service"),
        Source(
            name: "java-17-openjdk", packages: ["java-17-openjdk-headless"], from: "1:17.0.16.0.8-2.el9",
            to: "1:17.0.17.0.10-1.el9", kinds: [.app], kilobytes: 45_000, unit: "app.service"),
        Source(
            name: "postgresql", packages: ["postgresql", "postgresql-server"], from: "13.21-1.el9_6",
            to: "13.22-1.el9_6", kinds: [.database], kilobytes: 7_600, unit: "postgresql.service"),
        Source(
            name: "haproxy", packages: ["haproxy"], from: "2.4.22-4.el9", to: "2.4.22-4.el9_6.1", kinds: [.balancer],
            kilobytes: 2_200, unit: "haproxy.service"),
    ]
}
