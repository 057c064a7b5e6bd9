import FettleInventory
import Testing

/// What a person reads who made a mistake: the texts are part of the product.
@Suite("Mistakes in fleet.yaml are told all at once, with place and what would be right")
struct FleetProblemTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var problems: [String]
        var testDescription: String { name }
    }

    @Test(arguments: goldens)
    func golden(_ golden: Golden) {
        #expect(problems { try FleetFile.parse(golden.text, file: "f") } == golden.problems)
    }

    @Test func theTextCountsTheProblems() {
        do {
            _ = try FleetFile.parse("version: 2\nresorces: []\n")
            Issue.record("it was read")
        } catch {
            #expect(
                error.description == """
                    fleet.yaml:1:10: the version 2 of the format is not known; write 'version: 1'
                    fleet.yaml:2:1: unknown key 'resorces' in the inventory; did you mean 'resources'?
                    2 problems
                    """)
        }
    }

    static let goldens: [Golden] = [
        Golden(
            name: "an empty file", text: "# nothing\n",
            problems: [
                "f:1:1: the file is empty; 'fettle init' writes a commented one"
            ]),
        Golden(
            name: "a list instead of a mapping", text: "- a\n",
            problems: [
                "f:1:1: the inventory must be a mapping, but it is a list; "
                    + "keys: version, environments, tiers, defaults, resources, groups"
            ]),
        Golden(
            name: "no version", text: "resources: []\n",
            problems: [
                "f:1:1: the inventory has no 'version'; write 'version: 1'"
            ]),
        Golden(
            name: "resources",
            text: """
                version: 1
                resources:
                  - id: web-1
                    adress: 10.0.0.1
                    enviroment: production
                    kind: virtual-machine
                    environment: prodution
                  - {id: web-1, environment: dev}
                  - {id: web-1, environment: dev}
                  - {id: 42, environment: dev}
                  - {id: -rf, environment: dev}
                  - {id: a b, environment: dev}
                  - {environment: dev}
                  - db-1
                  - {id: x, environment: dev, address: "-oProxyCommand=id"}
                  - {id: y, environment: dev, address: "ssh://root@h:99999"}
                  - {id: z, environment: dev, address: "http://h"}
                  - {id: "r-[1:3]", environment: dev, address: "10.0.0.[1:4]"}
                  - {id: "r-[3:1]", environment: dev}
                  - {id: owner, environment: dev, owner: 7, labels: [a]}
                  - {id: null-owner, environment: dev, owner: }
                """,
            problems: [
                "f:4:5: unknown key 'adress' in a resource; did you mean 'address'?",
                "f:5:5: unknown key 'enviroment' in a resource; did you mean 'environment'?",
                "f:6:11: unknown kind 'virtual-machine'; did you mean 'virtualMachine'?",
                "f:7:18: unknown environment 'prodution'; did you mean 'production'?",
                "f:8:5: the resource 'web-1' is given twice; first in line 3",
                "f:9:5: the resource 'web-1' is given twice; first in line 3",
                "f:10:10: the id of a resource must be text, but it is the number 42; put it in quotes",
                "f:11:10: '-rf' cannot be the id of a resource; "
                    + "letters, digits and . _ -, beginning with a letter or a digit, at most 128",
                "f:12:10: 'a b' cannot be the id of a resource; "
                    + "letters, digits and . _ -, beginning with a letter or a digit, at most 128",
                "f:13:5: a resource has no 'id'",
                "f:14:5: the resource 'db-1' has no environment; "
                    + "give it one of dev, qa, staging, production, or set it in 'defaults'",
                "f:15:40: '-oProxyCommand=id' is no host name or address; letters, digits and . - _ (IPv6 with "
                    + "colons too), beginning with a letter or a digit",
                "f:16:40: the port 99999 is not between 1 and 65535",
                "f:17:40: an address cannot begin with 'http://'; ssh://user@host:port, host, local or none",
                "f:18:48: the address stands for 4, but the id for 3; give both ranges the same length",
                "f:19:10: the range [3:1] runs backwards",
                "f:20:42: the owner must be text, but it is the number 7; put it in quotes",
                "f:20:53: labels must be a mapping, but it is a list; such as {role: web}",
                "f:21:47: the owner must be text, but it is nothing; give a value, or leave the key out",
            ]),
        Golden(
            name: "groups",
            text: """
                version: 1
                defaults: {environment: dev}
                resources: ["web-[1:4]", lb-1, {id: saas, address: none}]
                groups:
                  - {id: a, members: [web-9], after: [b]}
                  - {id: b, members: ["x*"], minimumAvailable: "120%", after: [c]}
                  - {id: c, members: ["web-*"], minimumAvailable: 5, after: [a, nobody]}
                  - {id: c, members: ["web-*"]}
                  - {id: d}
                  - {id: e, select: {environment: prod, labels: {role: web}}}
                  - {id: f, members: ["web-*"], strategy: {canari: {}}, kind: pol}
                  - {id: g, members: ["web-*"], strategy: allAtOnce, minimumAvailable: 1}
                  - {id: h, members: ["web-*"], strategy: {rolling: {maxUnavailable: 0}}}
                  - id: i
                    members: ["web-*"]
                    traffic: {driver: haproxy, via: lb-2, endpoint: /run/h.sock, drainTimeout: 5 minutes}
                    probes:
                      - {http: "ftp://x", name: a}
                      - {http: "http://{host}/", tcp: 80}
                      - {tcp: 70000}
                      - {unit: "-x"}
                      - {command: []}
                      - {tcp: 80, samples: 10, interval: 10s, deadline: 30s}
                      - {tcp: 81}
                      - {tcp: 81}
                  - {id: j, members: [web-1], traffic: {driver: haproxy, via: saas, endpoint: x, backend: y, server: "a;b"}}
                """,
            problems: [
                "f:5:23: unknown resource 'web-9'; did you mean 'web-1'?",
                "f:6:13: the group 'b' has no members; no resource matches what it asks for",
                "f:6:48: minimumAvailable must be a count from 0, or a share from 0% to 100%, but it is the text "
                    + "'120%'; such as 2 or \"75%\"",
                "f:7:51: minimumAvailable is 5, but the group has 4 members",
                "f:7:62: groups wait for each other: a after b after c after a; remove one 'after' of them",
                "f:7:65: unknown group 'nobody' in 'after'; known groups: a, b, c, d, e, f, g, h, i, j",
                "f:8:5: the group 'c' is given twice; first in line 7",
                "f:9:5: the group 'd' has neither 'members' nor 'select'; "
                    + "such as 'members: [web-*]' or 'select: {labels: {role: web}}'",
                "f:10:35: unknown environment 'prod'; did you mean 'production'?",
                "f:11:44: unknown strategy 'canari'; did you mean 'canary'?",
                "f:11:63: unknown kind of group 'pol'; did you mean 'pool'?",
                "f:12:43: allAtOnce leaves none of 4 members, but minimumAvailable is 1; "
                    + "set 'minimumAvailable: 0', or choose rolling",
                "f:13:70: maxUnavailable must be a count from 1, or a share from 1% to 100%, but it is the number 0; "
                    + "such as 2 or \"75%\"",
                "f:16:14: 'traffic' has no 'backend'",
                "f:16:37: unknown resource 'lb-2' in 'via'; did you mean 'lb-1'?",
                "f:16:80: drainTimeout must be a time, but it is the text '5 minutes'; "
                    + "such as 30s, 5m, 2h, 1d, or seconds as a plain number",
                "f:18:16: 'ftp://x' is no web address; "
                    + "such as http://{host}:8080/health, where {host} stands for the member's host",
                "f:19:9: a probe with http and tcp; give each exactly one of http, tcp, unit, command, "
                    + "tls, log, prometheus, balancer, cluster, manual",
                "f:20:15: port must be a whole number from 1 to 65535, but it is 70000",
                "f:21:16: '-x' is no name of a systemd unit; such as nginx.service",
                "f:22:19: the command is empty",
                "f:23:57: 10 samples 10s apart never end within the deadline of 30s; a deadline above 90s",
                "f:25:9: the probe 'tcp-81' is given twice; give each a 'name' of its own",
                "f:26:63: 'saas' cannot be reached: its address is 'none'",
                "f:26:102: 'a;b' cannot be the name of a server; letters, digits and . _ -, beginning with a letter "
                    + "or a digit, at most 128; {id} stands for the id of the member",
            ]),
        Golden(
            name: "environments and defaults",
            text: """
                version: one
                environments: [dev, {name: live, protected: yes}, dev, {nam: x}]
                defaults: {environment: liv, address: "-x", exposure: public}
                """,
            problems: [
                "f:1:10: 'version' must be a whole number from 1 to 1000000, but it is the text 'one'",
                "f:2:45: 'protected' must be true or false, but it is the text 'yes'",
                "f:2:51: the environment 'dev' is given twice",
                "f:2:56: an environment has no 'name'",
                "f:2:57: unknown key 'nam' in an environment; did you mean 'name'?",
                "f:3:25: unknown environment 'liv'; did you mean 'live'?",
                "f:3:39: '-x' is no host name or address; letters, digits and . - _ (IPv6 with colons too), "
                    + "beginning with a letter or a digit",
                "f:3:55: unknown exposure 'public'; one of: isolated, internal, internet",
            ]),
        Golden(
            name: "keys given twice, in several mappings",
            text: """
                version: 1
                resources:
                  - id: a
                    environment: dev
                    id: b
                    id: c
                  - {id: d, environment: qa, environment: dev, "owner": x, "owner": y}
                version: 2
                """,
            problems: [
                "f:5:5: the key 'id' is given twice; first in line 3; keep one",
                "f:6:5: the key 'id' is given twice; first in line 3; keep one",
                "f:7:30: the key 'environment' is given twice; first in line 7; keep one",
                "f:7:60: the key 'owner' is given twice; first in line 7; keep one",
                "f:8:1: the key 'version' is given twice; first in line 1; keep one",
            ]),
    ]
}
