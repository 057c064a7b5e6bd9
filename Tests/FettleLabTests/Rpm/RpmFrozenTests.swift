import FettleModel
import Foundation
import Testing

extension RpmLabTests {
    /// A patch set whose packages the later stage's own repository has dropped.
    @Suite struct Frozen {
        private static let libinvoice = "libinvoice-2.3-2.noarch"

        private func site(dev: String, production: String) throws -> Site {
            let site = try Site()
            let fleet = """
                version: 1
                environments: [dev, production]
                defaults: {owner: lab}
                resources:
                  - {id: \(dev), environment: dev, labels: {role: dev}}
                  - {id: \(production), environment: production, labels: {role: production}}
                groups:
                  - {id: dev, select: {labels: {role: dev}}, minimumAvailable: 0}
                  - {id: production, select: {labels: {role: production}}, minimumAvailable: 0}

                """
            try Data(fleet.utf8).write(to: site.directory.appending(path: "fleet.yaml"))
            return site
        }

        /// With dnf in dev and zypper in production, and the other way round: each fetches for the other, and each takes from the frozen
        /// repository.
        @Test(arguments: RpmLab.hosts) func whatTheRepositoryHasDroppedComesFromTheFrozenOne(dev: String) async throws {
            let production = try #require(RpmLab.hosts.first { $0 != dev })
            for host in RpmLab.hosts { try await RpmLab.prepare(host) }
            let keys = try await PackagesLab.inside("rpm -q gpg-pubkey", on: production)
            // Each layer has a key of its own; in the world outside a distribution has one.
            let key = try await PackagesLab.inside("base64 -w0 /srv/rpm/key.asc", on: dev)
            try await PackagesLab.inside("echo \(key) | base64 -d >/run/key && rpm --import /run/key", on: production)
            let site = try site(dev: dev, production: production)
            let server = try ArtifactServer(site.directory.appending(path: "artifacts"), port: 18_081)
            let result = await Result.of { try await goTheWay(site, server, dev: dev, production: production) }
            server.end()
            try await PackagesLab.inside(
                """
                rm -f /etc/yum.repos.d/fettle-*.repo /etc/zypp/repos.d/fettle-*.repo /etc/pki/rpm-gpg/fettle.asc
                cd /srv/rpm; mv /srv/away/* . && rm -rf repodata && mv /srv/away.repodata repodata
                rpm -q gpg-pubkey | while read -r key; do
                    case '\(keys)' in *"$key"*) ;; *) rpm --erase "$key" ;; esac; done
                """, on: production)
            for host in RpmLab.hosts { try await RpmLab.prepare(host) }
            try result.get()
        }

        private func goTheWay(_ site: Site, _ server: ArtifactServer, dev: String, production: String) async throws {
            try await site.fettle("scan", ends: 100, 101)
            try await site.fettle("plan", "make", "--environment", "dev", "--only", "libinvoice")
            try await site.fettle("patchset", "make", "plan-1", "--title", "October")
            // Nobody has staged it yet: a host of dev fetches it.
            let frozen = try await site.fettle("patchset", "freeze", "patchset-1", "--url", server.address)
            #expect(frozen.contains("1 archives"), "\(frozen)")
            try await site.fettle("promote", "patchset-1", "--to", "dev")
            try await site.fettle("run", "start", "change-1")
            #expect(try await RpmLab.installed(dev).contains(Self.libinvoice))

            try await PackagesLab.inside(
                "mkdir -p /srv/away; cd /srv/rpm && cp -a repodata /srv/away.repodata && mv libinvoice-2.3-2.noarch.rpm /srv/away/ "
                    + "&& rm -rf repodata && createrepo_c --quiet . && \(RpmLab.refresh(production))", on: production)
            let refusal = try await site.fettle("promote", "patchset-1", "--to", "production", ends: 3)
            #expect(refusal.contains("\(production) wants libinvoice 2.3-2"), "\(refusal)")
            #expect(refusal.contains("fettle patchset freeze patchset-1"), "\(refusal)")

            try await server.introduce(toRpm: production, as: frozen)
            let asked = try await site.fettle("promote", "patchset-1", "--to", "production")
            #expect(asked.contains("change-2"), "\(asked)")
            try await site.fettle("change", "approve", "change-2", as: "bob")
            try await site.fettle("run", "start", "change-2")
            #expect(try await RpmLab.installed(production).contains(Self.libinvoice))
            let digest = "rpm -q --queryformat '%{SIGPGP:pgpsig}' libinvoice"
            #expect(try await PackagesLab.inside(digest, on: production) == PackagesLab.inside(digest, on: dev))
        }
    }
}
