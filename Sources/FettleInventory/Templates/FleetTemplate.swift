/// The commented files that `fettle init` writes. All read without a problem as they are, and so do their examples once
/// the `#` before them is taken away.
public enum FleetTemplate {
    public static let defaultSchemaPath = ".fettle/fleet.schema.json"
    public static let defaultFeedsSchemaPath = ".fettle/feeds.schema.json"
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

        # The layers that patches go through one after the other in each environment, for resources with a 'tier'. Without
        # names a tier is a number; with {names: [...], direction: lastToFirst} the last goes first.
        # tiers: [database, application, web]

        # What holds for every resource that doesn't say it itself. {id} stands for the resource's id: without an address a
        # resource is reached by 'ssh <id>', with all that your own ssh_config says about that name.
        defaults:
          environment: dev
        #  address: ssh://admin@{id}.example.com
        #  owner: platform team

        # address:      ssh://user@host:port, a host, 'local' (this machine) or 'none' (tracked, but patched by others)
        # criticality:  low, medium, high, critical          exposure: isolated, internal, internet
        # serviceModel: onPremises, bareMetal, iaas, paas, saas, vendorAppliance: it says whose job patching is
        # after:        resources that are finished before this one is touched: ids, globs, or what 'select' of a group takes
        resources:
          - {id: this-machine, address: local}
        #  - dev-web-1
        #  - id: web-[1:4]                     # web-1, web-2, web-3 and web-4
        #    address: 10.20.0.[11:14]
        #    environment: production
        #    exposure: internet
        #    criticality: high
        #    labels: {role: web}
        #    after: [db-1, {kind: storage}]
        #  - {id: lb-1, kind: loadBalancer, environment: production}
        #  - {id: db-1, kind: database, environment: production, failureDomain: rack-7, labels: {role: primary}}
        #  - {id: db-2, kind: database, environment: production, failureDomain: rack-8, labels: {role: standby}}
        #  - {id: san-1, kind: storage, environment: production}
        #  - {id: mail, address: none, environment: production, serviceModel: saas, kind: cloudService}
        #  - id: vault                         # who patches which layer, where it is not as the service model says
        #    environment: production
        #    responsibility: {firmware: {by: vendor, owner: Example Inc., contact: support@example.com}, owner: vault team}

        # What serves together. minimumAvailable is what must be serving at any time: no plan goes below it.
        # strategy: how members are changed; without it the planner chooses and says why. What each is for: docs/strategies.md.
        # - rolling: {maxUnavailable: 1}                     one after another; with `spares: [web-9]` also maxSurge: 1
        # - canary: {first: 1, bake: 10m, maxUnavailable: "25%", growth: 2}    some first, watched; then the rest, here in waves
        # - canary: {bake: 10m, control: 2, extendUntil: 1h} compared with 2 that are not patched yet (docs/canary.md), or judge: probes
        # (these are restarted as they are first, so that both sides are as fresh; with restartControl: false they are not)
        # - allAtOnce                                        only with minimumAvailable: 0
        # - oneSideAtATime: {bake: 10m}                      by failureDomain: fabrics, heads of a storage controller
        # - replicasFirst: {maxUnavailable: 1}               a cluster (kind: cluster): the leader last, after its handover
        # - evacuate: {maxUnavailable: 1}                    hypervisors (kind: hypervisorPool): machines away and home again
        # - blueGreen: {active: blue, keep: 1h, then: patch} two sides by failureDomain: patch one, switch, keep the other
        # - throughController: {controller: id, atOnce: 1}   handed to the cluster's own controller
        # - replace: {image: name, maxUnavailable: 1}        members started anew from an image that was patched and tested
        # (virtual machines, from the catalogue: with machines: {driver: libvirt, images: /srv/images, bake: 2m, keep: 1h})
        # snapshot: {driver: libvirt}                        virtual machines, patched each behind a snapshot (docs/snapshots.md)
        groups:
        #  - id: db
        #    members: [db-1, db-2]
        #    minimumAvailable: 1
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
        #      - tls: {port: 443, leastDays: 14}                   # each kind with an example: docs/gates.md
        #      - log: {unit: nginx, pattern: "emerg|panic"}        # since the change; file: /var/log/x instead of unit
        #      - prometheus: {url: "http://prometheus:9090", query: 'errors{instance="{host}:9100"}', over: 5m, atMost: 0}
        #        samples: 10
        #        maximumAge: 1m
        #        deadline: 6m
        #      - balancer: {checkInterval: 2s}
        #    groupProbes:                      # asked once for the whole group, behind each of its waves
        #      - http: {url: "https://shop.example.com/", status: 200}
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
        # unclassified. Or a rule for each: classes: {security: now, bugfix: wait 14d, feature: never}
        classes: [security]

        # Packages that follow a rolling release in small steps: so many minor (major, patch) versions at once.
        # rolling: {packages: [nextcloud*], step: minor, atMost: 1}

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
        # How old a host's package lists may be; what is offered by older ones is told as not judged anew.
        # packageListAge: 7d

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

        # How sure the judgement of a canary has to be, and what it still calls the same. docs/canary.md says it all.
        bake:
          falseAlarmPercent: 5           # good patches of a hundred that chance may stop
          latencyMarginPercent: 25       # of the control's median; or, where that is more:
          latencyMarginMilliseconds: 10
          pressureMarginPercent: 10      # of the time, in which the host stands still
          nextMaintenance: 30d           # a leak that needs longer to exhaust anything stops no patch

        # Who must agree to a change, by environment; 'default' holds for those not named.
        approvals:
          default: {approvals: 1, requesterMayApprove: false}
        #  dev: {approvals: 0}
        #  production: {approvals: 2}

        # What else is demanded of changes: whose approval, what is allowed beforehand, emergencies. docs/changes.md says it all.
        changes:
          emergency: {approvals: 1, reviewWithin: 5d}
        #  expireAfter: 30d
        #  teams: {dba: [alice, bob]}
        #  rules:
        #    - {name: no-way-back, irreversible: true, approvals: 2, from: [dba], owners: true}
        #  templates:
        #    - {name: weekly, environments: [dev], hosts: 20}

        # Through which stages patch sets go; without it, through the environments (docs/promotion.md). Such as:
        # promotion: {stages: [dev, {name: production, setsOnly: true, after: {soak: 7d, hosts: "100%", gates: true}}]}
        # With a suite of your own in a stage: {name: dev, tests: {command: [./suite, --quick]}}, or by webhook:
        # tests: {address: "https://suite.example/fettle", secret: {env: FETTLE_SUITE_SECRET}, answeredBy: suite}

        # Who is told of what: webhook, servicenow, jira, slack, mattermost, mail (docs/messages.md). Such as:
        # messages: {receivers: [{name: ops, kind: webhook, address: "https://ops.example", secret: {env: HOOK}, events: [run.*]}]}

        # When disruptive steps may be taken, as rules of iCalendar (RRULE) or calendar files. A window is for what all its globs
        # (environments, groups, resources) let through. Hours are exact where clocks change, and no window is lost to it.
        # docs/windows.md says it all.
        windows: []
        #  - id: production-nights
        #    recurrence: FREQ=WEEKLY;BYDAY=SA,SU
        #    start: "22:00"
        #    duration: 4h
        #    timeZone: Europe/Berlin
        #    except: [2026-12-26]              # days on which it stays shut; 'also' has days on which it opens besides
        #    environments: [production]
        #  - {id: move, start: 2026-12-05T20:00, duration: 12h, timeZone: Europe/Berlin, groups: [db]}     # once

        # When what no window is for may be worked on: anyTime (but in a freeze), never
        withoutWindow: anyTime

        # When nothing disruptive is done, whatever windows are open. Days are whole: the last one is in it. Or from a file
        # beside this one, all its events: {id: company, calendar: change-freezes.ics, timeZone: Europe/Berlin}
        freezes: []
        #  - {id: year-end, reason: closing of the year, from: 2026-12-18, to: 2027-01-03, timeZone: Europe/Berlin}
        #  - id: books
        #    reason: the books are closed on the last working day
        #    recurrence: FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1
        #    timeZone: Europe/Berlin
        #    groups: [db]
        #    emergencyMayPass: true            # changes of the kind emergency go on in it

        # How long a finding may be accepted at most (`fettle waiver add`), in days; nothing is accepted for ever.
        waivers:
          maximumDays: 365

        # What is let in, by platform and environment: of those that fit a host the most specific holds, and what it leaves
        # open is as above. 'deny' wins over all else; nothing goes above its pin; what a provider of feeds rates below
        # minimumSeverity is left. `fettle baseline show` says what this means for each host now.
        baselines: []
        #  - name: debian-production
        #    platforms: ["debian:*"]
        #    environments: [production]
        #    minimumSeverity: medium
        #    classes: {security: now, bugfix: wait 14d, feature: never, cosmetic: never}
        #    ageInDays: {security: 2}          # a patch waits so long after it became known
        #    allow: ["*"]
        #    deny: [mysql-*]
        #    hold: [postgresql-*]
        #    pin: [openssl=3.0.11-1~deb12u2]

        # Which resources go before which others, besides 'after' and 'tier' in fleet.yaml: whoever 'first' selects is finished
        # before anybody whom 'then' selects is taken out. 'within' says which pairs: of one group, environment or the fleet.
        order: []
        #  - {name: schema before code, first: {kind: database}, then: {labels: {role: web}}, because: columns come first}
        #  - {name: standby before primary, first: {labels: {role: standby}}, then: {labels: {role: primary}}, within: group}
        #  - {name: firmware before driver, first: {kind: storage}, then: {kind: database}}

        # What release notes demand of packages; versions in quotes. A host that breaks a rule is left out of the plan, with what
        # would be right.
        releases: []
        #  - {name: PostgreSQL by way of 15.4, package: postgresql-15, to: "15.6", minimumVersionBefore: "15.4"}
        #  - name: the shop needs its schema
        #    package: shop-web
        #    requires: [{package: shop-schema, atLeast: "5.0", on: {kind: database}}]
        #  - {name: firmware before driver, rebootBetween: [nic-firmware, nic-dkms]}

        # What providers and vendors owe: days from when a finding on their layers was first seen, and how often they must
        # state how those layers are patched. `fettle responsibility` shows who owes what.
        obligations: {immediate: 2, outOfCycle: 14, scheduled: 30, defer: 90, statement: 90}

        # What the risk of waiting and the risk of patching are reckoned with, as expected loss a day. docs/risk.md has the
        # formulae and where each number is from. The losses are the first thing to make your own.
        risk:
          unit: points             # what losses are counted in, such as EUR
          lossPerDay: {low: 1, medium: 10, high: 100, critical: 1000}      # a day away or in a stranger's hands
          waiting:
            hazards:               # of exploitation anywhere, a day, where no EPSS says it
              {exploited: 0.2, proofOfConcept: 0.002, critical: 0.0006, high: 0.0002, medium: 0.00008, low: 0.00002,
               unrated: 0.0002}
            ransomwareFactor: 2
            exposure: {isolated: 0.002, internal: 0.02, internet: 0.1}     # the share of it that comes here
            notAutomatableFactor: 0.3
            partialImpactFactor: 0.3
            incidentDays: 14       # until an attack is noticed and put right
            earlyShare: 0.28       # of a hazard, on the day of publication
            growthHalfLifeDays: 7  # until half of the rest has come
            predictionStaleDays: 30
            correlation: 0.5       # of weaknesses closed together: 1 the worst counts alone, 0 each by itself
          patching:
            priors:                # how often a change fails on a host, and how many changes seen that belief is worth
              securityUpdate: {probability: 0.005, weight: 100}
              bugfixUpdate: {probability: 0.005, weight: 100}
              kernel: {probability: 0.013, weight: 50}
              majorUpgrade: {probability: 0.1, weight: 10}
              otherUpdate: {probability: 0.02, weight: 20}
              restart: {probability: 0.001, weight: 100}
            recoveryHours:         # until a host that failed serves again, by its way back
              {nothingToUndo: 0.25, snapshot: 0.5, imageSwap: 0.5, exactVersions: 1, irreversible: 24}
            dataMigrationHours: 48
            restartMinutes: 0.5
            rebootMinutes: 5
            rebootFailure: 0.002
            conffileFailure: 0.02
            redundancyFactor: 0.2  # of the loss that is left, for each member to spare
            commonCauseShare: 0.05 # of the loss that no redundancy takes away
            youngFactor: 3         # how much likelier a patch fails on its first day
            youngHalfLifeDays: 8
            spreadDays: 30         # over which the one-time loss is spread

        """
    }
}
