import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Answers that are refused, missing, cut, or not what the documentation says: none of them passes for an empty node.
@Suite("Proxmox VE, hostile answers") struct ProxmoxHostileTests {
    private func failure(_ path: String, _ answer: APIAnswer) async -> (StepFailure?, PretendCluster) {
        let cluster = ProxmoxSteps.cluster { $0.answers[path] = answer }
        return (await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()), cluster)
    }

    @Test func aTokenThatIsNotTakenOrMayNotIsRefused() async {
        for (status, words) in [(401, "does not take the token"), (403, "may not do that")] {
            let answer = APIAnswer(status: status, reason: "Permission check failed", body: [])
            let (failure, cluster) = await failure("cluster/ha/status/current", answer)
            #expect(failure?.code == .refused && failure?.message.contains(words) == true)
            #expect(cluster.now.asked.count <= 2, "another node would say the same")
        }
    }

    /// What a token may not see is left out of every list.
    @Test(arguments: ["/", "/nodes", "/vms"]) func aRightThatIsMissingIsNotAnEmptyNode(path: String) async {
        let cluster = ProxmoxSteps.cluster { $0.rights[path] = [:] }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .refused && failure?.message.contains("on \(path)") == true, "\(failure as Any)")
        let facts = await ProxmoxFactsTests.facts(cluster)
        #expect(facts.values.allSatisfy { $0.value == nil }, "\(facts)")
    }

    @Test func aRightThatEndsSomewhereBelowIsNotEnough() async {
        let narrow = ProxmoxSteps.cluster { $0.rights["/vms"]?["VM.Audit"] = 0 }
        #expect(await narrow.failure(narrow.evacuation, ProxmoxSteps.evacuate())?.code == .refused)
        let holed = ProxmoxSteps.cluster { $0.rights["/vms/101"] = ["VM.Migrate": 1] }
        let failure = await holed.failure(holed.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.message.contains("VM.Audit on /vms/101") == true)
    }

    private static let garbage = [
        "", "{", "[]", "null", "\"x\"", #"{"data":null}"#, #"{"data":"x"}"#, #"{"data":[1]}"#, #"{"data":[{}]}"#,
        #"{"data":[{"type":"quorum"},7]}"#, #"{"daten":[]}"#, String(repeating: "[", count: 100_000),
    ]

    @Test(arguments: [
        "access/permissions", "nodes", "cluster/resources", "cluster/ha/status/current", "nodes/pve1/qemu",
        "nodes/pve1/lxc", "nodes/pve2/qemu", "nodes/pve1/tasks", "nodes/pve2/status", "nodes/pve1/qemu/101/migrate",
        "nodes/pve1/qemu/101/status/current",
    ]) func whatIsNotAsDocumentedStopsTheStep(path: String) async {
        for text in Self.garbage {
            let answer = APIAnswer(status: 200, reason: "OK", body: Array(text.utf8))
            let (failure, cluster) = await failure(path, answer)
            #expect(failure != nil, "\(path): \(text.prefix(40))")
            #expect(cluster.now.acts.isEmpty, "\(path): \(text.prefix(40))")
        }
    }

    @Test func numbersThatNothingHasAreRefused() async {
        func list(_ fields: String) -> APIAnswer {
            APIAnswer(status: 200, reason: "OK", body: Array(#"{"data":[{\#(fields)}]}"#.utf8))
        }
        let size = #""maxmem":1,"cpus":1"#
        for fields in [
            #""vmid":99,"status":"running",\#(size)"#, #""vmid":-101,"status":"running",\#(size)"#,
            #""vmid":1e30,"status":"running",\#(size)"#, #""vmid":101.5,"status":"running",\#(size)"#,
            #""vmid":101,"status":"running","maxmem":-1,"cpus":1"#,
            #""vmid":101,"status":"running","maxmem":9223372036854775807,"cpus":1"#,
            #""vmid":101,"status":"running","maxmem":1,"cpus":"nan""#,
            #""vmid":101,"status":"running","maxmem":1,"cpus":1e18"#, #""vmid":101,"status":"running","maxmem":1"#,
            #""vmid":101,"status":"perhaps",\#(size)"#,
            #""vmid":101,"status":"running",\#(size)},{"vmid":"101","status":"running",\#(size)"#,
        ] {
            let (failure, cluster) = await failure("nodes/pve1/qemu", list(fields))
            #expect(failure?.code == .internal, "\(fields): \(failure as Any)")
            #expect(cluster.now.acts.isEmpty)
        }
        for fields in [
            #""type":"qemu","vmid":101,"node":"pve1/../x","name":"a""#,
            #""type":"qemu","vmid":101,"node":"","name":"a""#,
            #""type":"qemu","vmid":101,"node":"pve1","name":"a\nb""#,
            #""type":"qemu","vmid":101,"node":"pve1","name":"\#(String(repeating: "a", count: 300))""#,
        ] {
            #expect(await failure("cluster/resources", list(fields)).0?.code == .internal, "\(fields)")
        }
    }

    /// Its name goes into the path of further requests.
    @Test func aTaskWithAForeignNameIsNotAskedFor() async {
        for name in ["../../access", "UPID:pve2:1:1:1:qmigrate:101:a:", "UPID:pve1:1:1:1:qmigrate:101/..:a:", "x", ""] {
            let cluster = ProxmoxSteps.cluster { $0.taskName = name }
            let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
            #expect(failure?.message.contains("does not name the task") == true, "\(name): \(failure as Any)")
            #expect(cluster.now.acts.count == 1, "it is not begun a second time")
            #expect(!cluster.now.paths.contains { $0.contains("/tasks/") }, "\(name)")
        }
    }

    @Test func whatItSaysIsToldWithoutWhatSteersATerminal() async {
        let answer = APIAnswer(status: 500, reason: "no\u{1B}[2J disk\u{202E}", body: [])
        let (failure, _) = await failure("nodes/pve1/qemu", answer)
        #expect(failure?.message.contains("no") == true)
        #expect(failure?.message.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E } == false)
    }

    @Test func namesThatAreGivenTwiceAreToldApart() async {
        let cluster = ProxmoxSteps.cluster { $0.guests[202] = .init(name: "web-1", node: "pve3") }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .drift, "which of the two is meant is not known")
        #expect(cluster.now.acts.isEmpty)
        let facts = await ProxmoxFactsTests.facts(cluster)
        #expect(facts["pve3"]?.value?.residents.map(\.name) == ["web-1.202"])
    }

    /// Its list was long, and nobody could see what else goes on.
    @Test func aListOfTasksThatMayBeCutIsNotBelieved() async {
        let tasks = (0..<ProxmoxTask.most).map { number in
            ["upid": "UPID:pve1:\(number):1:1:vzdump:900:root@pam:", "type": "vzdump", "id": "900"]
        }
        let (failure, _) = await failure("nodes/pve1/tasks", PretendCluster.State.data(tasks))
        #expect(failure?.code == .internal)
    }
}
