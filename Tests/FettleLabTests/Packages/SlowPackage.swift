import Foundation

/// A package whose script takes a while, made on the host itself and offered from a directory there.
enum SlowPackage {
    static let name = "slowpoke"
    private static let directory = "/srv/slowpoke"
    private static let marker = "/run/slowpoke.configures"

    static func install(version: String) async throws {
        try await PackagesLab.inside(
            "rm -f \(marker) /root/slowpoke.log; \(build(version)); dpkg -i \(directory)/\(name)_\(version)_all.deb >/dev/null"
        )
    }

    /// A source without a network, trusted by hand: only the host's root can write there.
    static func offer(version: String) async throws {
        try await PackagesLab.inside(
            """
            \(build(version)); cd \(directory)
            { dpkg-deb -f \(name)_\(version)_all.deb
              printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' \(name)_\(version)_all.deb \
                "$(stat -c %s \(name)_\(version)_all.deb)" "$(sha256sum \(name)_\(version)_all.deb | cut -d' ' -f1)"; } >Packages
            echo 'deb [trusted=yes] file:\(directory) ./' >/etc/apt/sources.list.d/slowpoke.list
            apt-get -qq update
            """)
    }

    static func waitUntilItConfigures() async throws {
        try await PackagesLab.inside("n=0; until [ -e \(marker) ] || [ $n -gt 300 ]; do sleep .1; n=$((n+1)); done")
    }

    /// How often version 1.1 was configured.
    static func configurations() async throws -> Int {
        let text = try await PackagesLab.inside("grep -c configured-1.1 /root/slowpoke.log || true")
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
    }

    static func remove() async throws {
        try await PackagesLab.inside(
            "dpkg --purge \(name) >/dev/null; rm -rf \(directory) \(marker) /etc/apt/sources.list.d/slowpoke.list; apt-get -qq update"
        )
    }

    private static func build(_ version: String) -> String {
        """
        mkdir -p \(directory)/tree/DEBIAN && cd \(directory) &&
        printf 'Package: \(name)\\nVersion: \(version)\\nArchitecture: all\\nMaintainer: Lab <lab@fettle.invalid>\\nDescription: slow\\n' \
            >tree/DEBIAN/control &&
        printf '#!/bin/sh\\n[ "$1" = configure ] || exit 0\\n[ \(version) = 1.0 ] && exit 0\\ntouch \(marker)\\nsleep 5\\necho configured-\(version) >>/root/slowpoke.log\\n' \
            >tree/DEBIAN/postinst && chmod 755 tree/DEBIAN/postinst &&
        dpkg-deb -b tree \(name)_\(version)_all.deb >/dev/null
        """
    }
}
