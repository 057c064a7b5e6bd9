import FettleInventory
import FettleModel
import Testing

@Suite("policy.yaml is read")
struct PolicyFileTests {
    @Test func everything() throws {
        let reading = try PolicyFile.parse(
            """
            version: 1
            classes: [security, bugfix]
            exclude: ["linux-image-*", mysql-server]
            dueInDays: {immediate: 1, defer: 180}
            conffiles: takePackaged
            reboot: never
            rebootDeadline: 5m
            lockWait: 45s
            packageListAge: 3d
            price: {machineHour: 0.12, unit: EUR}
            neverRestart: ["dbus*", systemd-logind.service, "db-*.service"]
            limits: {parallelSteps: 5, failureBudget: 2, attempts: 1, quarantineDeadline: 4h}
            approvals:
              production: {approvals: 2}
              dev: {approvals: 0, requesterMayApprove: true}
              default: {requesterMayApprove: true}
            """,
            environments: [
                Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true),
            ])
        var expected = Policy()
        expected.classes = [.security, .bugfix]
        expected.exclude = ["linux-image-*", "mysql-server"]
        expected.dueInDays = [.immediate: 1, .outOfCycle: 14, .scheduled: 30, .defer: 180]
        expected.conffiles = .takePackaged
        expected.reboot = .never
        expected.rebootDeadlineSeconds = 300
        expected.lockWaitSeconds = 45
        expected.listAgeSeconds = 3 * 86_400
        expected.price = Policy.MachinePrice(perHour: 0.12, unit: "EUR")
        expected.neverRestart = ["dbus*", "systemd-logind.service", "db-*.service"]
        expected.limits = PlanLimits(
            parallelSteps: 5, failureBudget: 2, attempts: 1, quarantineDeadlineSeconds: 14_400)
        expected.defaultApproval = ApprovalRule(approvals: 1, requesterMayApprove: true)
        expected.approvals = [
            "production": ApprovalRule(approvals: 2, requesterMayApprove: true),
            "dev": ApprovalRule(approvals: 0, requesterMayApprove: true),
        ]
        #expect(reading.policy == expected)
        #expect(reading.warnings == [])
    }

    @Test func whatIsNotSaidIsTheDefault() throws {
        #expect(try PolicyFile.parse("version: 1").policy == Policy())
    }

    @Test func mistakesAreTold() {
        let text = """
            version: 1
            clases: [security]
            classes: [securty, bugfix, bugfix]
            exclude: nginx
            dueInDays: {immediate: -1, imediate: 2}
            conffiles: keep
            reboot: if-required
            limits: {parallelSteps: 0, quarantineDeadline: 5 days}
            approvals:
              prod: {approvals: 1}
              dev: 2
              qa: {approvals: many, requesterMayApprove: maybe}
            """
        let environments = ["dev", "qa", "production"].map { Environment(id: EnvironmentID($0), isProtected: false) }
        #expect(
            problems { try PolicyFile.parse(text, file: "p", environments: environments) } == [
                "p:2:1: unknown key 'clases' in the policy; did you mean 'classes'?",
                "p:3:11: unknown class of update 'securty'; did you mean 'security'?",
                "p:3:28: 'bugfix' is in classes twice",
                "p:4:10: exclude must be a list, but it is the text 'nginx'",
                "p:5:24: immediate must be a whole number from 0 to 3650, but it is -1",
                "p:5:28: unknown key 'imediate' in 'dueInDays'; did you mean 'immediate'?",
                "p:6:12: unknown conffile policy 'keep'; did you mean 'keepCurrent'?",
                "p:7:9: unknown reboot policy 'if-required'; did you mean 'ifRequired'?",
                "p:8:25: parallelSteps must be a whole number from 1 to 1000, but it is 0",
                "p:8:48: quarantineDeadline must be a time, but it is the text '5 days'; "
                    + "such as 30s, 5m, 2h, 1d, or seconds as a plain number",
                "p:10:3: unknown environment 'prod'; did you mean 'production'?",
                "p:11:8: a rule of approval must be a mapping, but it is the number 2; "
                    + "keys: approvals, requesterMayApprove",
                "p:12:19: approvals must be a whole number from 0 to 20, but it is the text 'many'",
                "p:12:46: requesterMayApprove must be true or false, but it is the text 'maybe'",
            ])
    }

    @Test func whatIsDangerousIsAWarning() throws {
        let reading = try PolicyFile.parse(
            """
            version: 1
            dueInDays: {immediate: 20}
            neverRestart: []
            approvals: {production: {approvals: 0}}
            """, file: "p", environments: [Environment(id: "production", isProtected: true)])
        #expect(
            reading.warnings.map(\.description) == [
                "p:2:13: immediate is due after 20 days, later than outOfCycle after 14",
                "p:3:15: neverRestart doesn't hold 'dbus.service', 'systemd-logind.service': "
                    + "restarting it can cut the way to a host",
                "p:4:13: 'production' is protected, but its changes need no approval",
            ])
    }

    /// What nobody else need agree to, however it is written.
    @Test func protectedEnvironmentsThatNobodyElseLooksAfterAreWarnedOf() throws {
        func warnings(_ approvals: String) throws -> [String] {
            try PolicyFile.parse(
                """
                version: 1
                \(approvals)
                """, file: "p",
                environments: [
                    Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true),
                ]
            ).warnings.map(\.description)
        }
        #expect(
            try warnings("approvals: {default: {approvals: 0}}") == [
                "p:2:13: 'production' is protected, but its changes need no approval"
            ])
        #expect(
            try warnings("approvals: {production: {requesterMayApprove: true}}") == [
                "p:2:13: 'production' is protected, but who asks for a change may approve it: nobody else need agree"
            ])
        #expect(
            try warnings("changes: {emergency: {approvals: 0}}") == [
                "p:2:23: an emergency needs no approval, in protected environments neither"
            ])
        #expect(try warnings("approvals: {default: {approvals: 0}, production: {approvals: 2}}") == [])
        #expect(try warnings("approvals: {dev: {approvals: 0, requesterMayApprove: true}}") == [])
        // One of the two is another person.
        #expect(try warnings("approvals: {production: {approvals: 2, requesterMayApprove: true}}") == [])
    }

    @Test func baselines() throws {
        let reading = try PolicyFile.parse(
            """
            version: 1
            classes: {security: now, bugfix: wait 14d, feature: never}
            rolling: {packages: [nextcloud*], step: major}
            obligations: {immediate: 1, statement: 30}
            baselines:
              - name: debian-production
                platforms: ["debian:*"]
                environments: [production]
                minimumSeverity: medium
                classes: [security]
                ageInDays: {security: 2}
                allow: ["*"]
                deny: [mysql-*]
                hold: [postgresql-*]
                pin: [openssl=3.0.11-1~deb12u2]
              - {name: all, ageInDays: 7}
            """)
        let policy = reading.policy
        #expect(policy.classes == [.security, .bugfix])
        #expect(policy.classRules == [.security: .now, .bugfix: .wait(days: 14), .feature: .never])
        #expect(policy.rolling == RollingRule(packages: ["nextcloud*"], step: .major))
        #expect(policy.obligations.dueInDays[.immediate] == 1)
        #expect(policy.obligations.statementInDays == 30)
        #expect(
            policy.baselines.first
                == Baseline(
                    name: "debian-production", platforms: ["debian:*"], environments: ["production"],
                    minimumSeverity: .medium, classRules: [.security: .now], ageInDays: [.security: 2], allow: ["*"],
                    deny: ["mysql-*"], hold: ["postgresql-*"],
                    pins: [.init(name: "openssl", version: "3.0.11-1~deb12u2")]))
        #expect(policy.baselines.last?.ageInDays.count == UpdateClass.allCases.count)
        #expect(reading.declared.isSuperset(of: ["classes", "baselines", "obligations.immediate"]))
        #expect(!reading.declared.contains("exclude"))
    }

    @Test func mistakesInBaselinesAreTold() {
        let text = """
            version: 1
            classes: {security: soon, bugfix: wait 14, cosmetics: never}
            rolling: {step: minors}
            baselines:
              - {name: a, environments: [prod], platforms: []}
              - {name: a, pin: [openssl, "x=1", "x=2"]}
              - {ageInDays: -1, deny: [x], pin: ["x=1"]}
            """
        let environments = [Environment(id: "production", isProtected: true)]
        #expect(
            problems { try PolicyFile.parse(text, file: "p", environments: environments) } == [
                "p:2:21: the rule of 'security' must be now, never or a time to wait, but it is the text 'soon'; "
                    + "such as 'wait 14d', with 1 to 999 days",
                "p:2:35: the rule of 'bugfix' must be now, never or a time to wait, but it is the text 'wait 14'; "
                    + "such as 'wait 14d', with 1 to 999 days",
                "p:2:44: unknown key 'cosmetics' in 'classes'; did you mean 'cosmetic'?",
                "p:3:10: 'rolling' has no 'packages'; such as 'packages: [nextcloud*]'",
                "p:3:17: unknown step 'minors'; did you mean 'minor'?",
                "p:5:30: unknown environment 'prod'; did you mean 'production'?",
                "p:5:48: platforms is empty; give a value, or leave the key out",
                "p:6:5: the baseline 'a' is given twice; first in line 5",
                "p:6:21: 'openssl' is no pin; a source package and a version, such as openssl=3.0.11-1~deb12u2",
                "p:6:37: 'x' is pinned twice; first in line 6",
                "p:7:5: a baseline has no 'name'",
                "p:7:17: ageInDays must be a whole number from 0 to 999, but it is -1",
            ])
    }
}
