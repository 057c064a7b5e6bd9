/// The commented files that `fettle init` writes. Both read without a problem as they are, and so do their examples once
/// the `#` before them is taken away.
public enum FleetTemplate {
    public static let defaultSchemaPath = ".fettle/fleet.schema.json"
    public static let defaultPolicySchemaPath = ".fettle/policy.schema.json"

    /// `fleet.yaml` with this machine as its only resource, and examples in comments.
    public static func fleet(schema: String = defaultSchemaPath) -> String {
        """
        # yaml-language-server: $schema=\(schema.shown(limit: 400))
        #
        # What there is to patch, where it is, and what must not be away at once.
        # 'fettle inventory check' tells every mistake with its place; editors that know YAML schemas do while you type.
        version: 1

        # The stages that patches are promoted through, from first to last. These four are what you get without this key.
        # Changes to a protected environment need another person's approval, unless policy.yaml says otherwise.
        environments:
          - dev
          - qa
          - staging
          - {name: production, protected: true}

        # What holds for every resource that doesn't say it itself. {id} stands for the resource's id: without an address a
        # resource is reached by 'ssh <id>', with all that your own ssh_config says about that name.
        defaults:
          environment: dev
        #  address: ssh://admin@{id}.example.com
        #  owner: platform team

        # address:      ssh://user@host:port, a host, 'local' (this machine) or 'none' (tracked, but patched by others)
        # criticality:  low, medium, high, critical          exposure: isolated, internal, internet
        # serviceModel: onPremises, bareMetal, iaas, paas, saas, vendorAppliance: it says whose job patching is
        resources:
          - {id: this-machine, address: local}
        #  - dev-web-1
        #  - id: web-[1:4]                     # web-1, web-2, web-3 and web-4
        #    address: 10.20.0.[11:14]
        #    environment: production
        #    exposure: internet
        #    criticality: high
        #    labels: {role: web}
        #  - {id: lb-1, kind: loadBalancer, environment: production}
        #  - {id: db-1, kind: database, environment: production, criticality: critical, failureDomain: rack-7}
        #  - {id: mail, address: none, environment: production, serviceModel: saas, kind: cloudService}

        # What serves together. minimumAvailable is what must be serving at any time: no plan goes below it.
        groups:
        #  - id: db
        #    members: [db-1]
        #    minimumAvailable: 0
        #  - id: web
        #    select: {environment: production, labels: {role: web}}     # or: members: ["web-*"]
        #    minimumAvailable: "75%"
        #    strategy: {canary: {first: 1, bake: 10m, maxUnavailable: "25%"}}
        #    traffic:                          # taken out of the load balancer while it is worked on
        #      driver: haproxy
        #      via: lb-1
        #      endpoint: /run/haproxy/admin.sock
        #      backend: web
        #      drainTimeout: 60s
        #    probes:                           # all must pass before a member counts as healthy
        #      - http: {url: "http://{host}/health", status: 200}
        #      - unit: nginx.service
        #    after: [db]                       # starts when this group is finished

        """
    }

    /// `policy.yaml` with every default written out.
    public static func policy(schema: String = defaultPolicySchemaPath) -> String {
        """
        # yaml-language-server: $schema=\(schema.shown(limit: 400))
        #
        # What is wanted. Everything here is the default: what you delete stays as it is.
        version: 1

        # Classes of update that are planned; the others are shown and left: security, bugfix, feature, cosmetic,
        # unclassified.
        classes: [security]

        # Packages that are never changed, as globs. What is left out is told in every plan.
        exclude: []
        #  - linux-image-*

        # Days from when a finding was first seen until it must be settled.
        dueInDays:
          immediate: 2
          outOfCycle: 14
          scheduled: 30
          defer: 90

        # Where both you and a package changed a configuration file: keepCurrent (yours stays) or takePackaged.
        conffiles: keepCurrent

        # never, ifRequired, always
        reboot: ifRequired
        # How long a host may take to come back from it; without this, what the plan estimates.
        # rebootDeadline: 10m
        # How long to wait, before a host is taken out, while somebody else works on its packages.
        # lockWait: 2m

        # Services that are never restarted, as globs: restarting the wrong one cuts the way to the host.
        neverRestart:
          - dbus.service
          - systemd-logind.service
          - getty@*.service
          - user@*.service

        limits:
          parallelSteps: 20        # at the same time, over a whole run
          failureBudget: 0         # resources that may fail before the run stops and goes back
          attempts: 3              # how often a step is tried at most
          quarantineDeadline: 1d   # to settle a resource that had to be kept out of traffic

        # Who must agree to a change, by environment; 'default' holds for those not named.
        approvals:
          default: {approvals: 1, requesterMayApprove: false}
        #  dev: {approvals: 0}
        #  production: {approvals: 2}

        # How long a finding may be accepted at most (`fettle waiver add`), in days; nothing is accepted for ever.
        waivers:
          maximumDays: 365

        """
    }
}
