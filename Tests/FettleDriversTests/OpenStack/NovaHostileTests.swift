import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Answers that are refused, missing, cut, or not what the documentation says: none of them passes for an empty host.
@Suite("OpenStack, hostile answers") struct NovaHostileTests {
    private func failure(_ path: String, _ answer: APIAnswer) async -> (StepFailure?, PretendCloud) {
        let cloud = NovaSteps.cloud { $0.answers[path] = answer }
        return (await cloud.failure(cloud.evacuation, NovaSteps.evacuate()), cloud)
    }

    /// It ends in the middle, as tokens do: one more is asked for, and nothing is done twice.
    @Test(arguments: [1, 2, 3, 5, 8]) func aTokenThatExpiresIsRenewed(lasts: Int) async {
        let cloud = NovaSteps.cloud { $0.tokenLasts = lasts }
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) == nil)
        #expect(cloud.now.given > 3 && cloud.moves.count == 2)
        #expect(await cloud.failure(cloud.homecoming, NovaSteps.bringHome()) == nil)
        #expect(cloud.places["web-1"] == "cmp1")
    }

    @Test func aTokenThatIsNeverTakenIsAskedForOnceMoreAndNoMore() async {
        let (failure, cloud) = await failure("os-services", PretendCloud.State.fault(401, "error", "no"))
        #expect(failure?.code == .refused && failure?.message.contains("does not take the token") == true)
        #expect(cloud.now.given == 2)
        let closed = NovaSteps.cloud { $0.isClosed = true }
        #expect(await closed.failure(closed.evacuation, NovaSteps.evacuate())?.code == .refused)
    }

    @Test func whatThePolicyOrTheVersionForbidsIsRefused() async {
        for (status, words) in [(403, "policy does not allow"), (406, "microversion 2.87")] {
            let answer = PretendCloud.State.fault(status, "x", "Policy doesn't allow it to be performed.")
            let (failure, cloud) = await failure("servers/detail", answer)
            #expect(failure?.code == .refused && failure?.message.contains(words) == true, "\(failure as Any)")
            #expect(cloud.now.acts.isEmpty)
        }
        for status in [429, 503] {
            let (failure, _) = await failure("os-services", PretendCloud.State.fault(status, "overLimit", "later"))
            #expect(failure?.code == .unreachable)
        }
    }

    /// Without the right to see them, Nova leaves fields out.
    @Test(arguments: ["OS-EXT-SRV-ATTR:host", "extra_specs"]) func aFieldThatIsHiddenIsNotNone(key: String) async {
        let cloud = NovaSteps.cloud { $0.hiddenKeys = [key] }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .refused && failure?.message.contains("os_compute_api:") == true, "\(failure as Any)")
        let facts = await NovaFactsTests.facts(cloud)
        #expect(facts.values.allSatisfy { $0.value == nil }, "\(facts)")
    }

    /// Of a cell that does not answer Nova tells next to nothing, and calls it 200.
    @Test func aCellThatDoesNotAnswerIsNotAnEmptyOne() async {
        for (path, text) in [
            ("servers/detail", #"{"servers":[{"id":"\#(PretendCloud.id(1))","status":"UNKNOWN","tenant_id":"p"}]}"#),
            ("os-services", #"{"services":[{"binary":"nova-compute","host":"cmp1","status":"UNKNOWN"}]}"#),
        ] {
            let (failure, cloud) = await failure(path, APIAnswer(status: 200, reason: "OK", body: Array(text.utf8)))
            #expect(failure?.code == .unreachable && failure?.message.contains("cell") == true, "\(failure as Any)")
            #expect(cloud.now.acts.isEmpty)
        }
    }

    /// Its servers are then missing on the list of their host, and nothing on that list says so.
    @Test(arguments: 1...4) func aCellThatFallsWhileItIsAskedIsNotAnEmptyOne(question: Int) async {
        let cloud = NovaSteps.cloud { $0.cellFallsAt = question }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate([]))
        // Behind the third the look is over, and was right: two servers run there that the plan does not know.
        #expect(failure?.code == (question < 4 ? .unreachable : .drift), "\(failure as Any)")
        #expect(cloud.now.acts.isEmpty)
        let other = NovaSteps.cloud { $0.cellFallsAt = question }
        #expect(await NovaFactsTests.facts(other)["cmp1"]?.value == nil)
    }

    private static let garbage = [
        "", "{", "[]", "null", "\"x\"", #"{"servers":null}"#, #"{"servers":[{}]}"#, #"{"services":[1]}"#,
        #"{"hypervisors":"x"}"#, #"{"server":[]}"#, String(repeating: "[", count: 100_000),
    ]

    @Test(arguments: ["os-services", "servers/detail", "os-hypervisors/detail"])
    func whatIsNotAsDocumentedStopsTheStep(path: String) async {
        for text in Self.garbage {
            let answer = APIAnswer(status: 200, reason: "OK", body: Array(text.utf8))
            let (failure, cloud) = await failure(path, answer)
            #expect(failure != nil, "\(path): \(text.prefix(40))")
            #expect(cloud.moves.isEmpty, "\(path): \(text.prefix(40))")
        }
    }

    private func server(_ fields: String) -> APIAnswer {
        let flavor = #""flavor":{"vcpus":1,"ram":1,"ephemeral":0,"swap":0,"extra_specs":{}}"#
        let rest = #""status":"ACTIVE","OS-EXT-STS:vm_state":"active","OS-EXT-STS:power_state":1,"image":"""#
        let text = #"{"servers":[{\#(fields),\#(flavor),\#(rest)}]}"#
        return APIAnswer(status: 200, reason: "OK", body: Array(text.utf8))
    }

    @Test func idsAndSizesThatNothingHasAreRefused() async {
        let host = #""OS-EXT-SRV-ATTR:host":"cmp1""#
        for fields in [
            #""id":"../../os-services","name":"a",\#(host)"#, #""id":"","name":"a",\#(host)"#,
            #""id":"\#(PretendCloud.id(1))/action","name":"a",\#(host)"#, #""id":7,"name":"a",\#(host)"#,
            #""id":"\#(PretendCloud.id(1))",\#(host)"#,
            #""id":"\#(PretendCloud.id(1))","name":"a",\#(host),"flavor":{"vcpus":-1,"ram":1}"#,
        ] {
            let (failure, cloud) = await failure("servers/detail", server(fields))
            #expect(failure != nil && cloud.now.acts.isEmpty, "\(fields): \(failure as Any)")
        }
        for (vcpus, memory) in [(-1, 1), (1, -1), (1, 2_000_000_000), (2_000_000, 1)] {
            let cloud = NovaSteps.cloud { state in
                state.hosts["cmp2"]?.processors = vcpus
                state.hosts["cmp2"]?.gibibytes = memory
            }
            #expect(await NovaFactsTests.facts(cloud)["cmp2"]?.value == nil)
            #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) != nil && cloud.moves.isEmpty)
        }
    }

    /// A tenant gives his servers what names he likes.
    @Test func namesAreNotTakenAtTheirWord() async throws {
        let odd = ["a\nb", "\u{1B}[2J", "", String(repeating: "x", count: 255), "web-1.\(PretendCloud.id(1))", "  "]
        let cloud = NovaSteps.cloud { state in
            for (number, name) in odd.enumerated() {
                state.servers[PretendCloud.id(100 + number)] = .init(name: name, host: "cmp3")
            }
        }
        let names = try #require(await NovaFactsTests.facts(cloud)["cmp3"]?.value).residents.map(\.name)
        #expect(names == ["  "] + (100...104).map(PretendCloud.id))
        let other = NovaSteps.cloud { $0.servers[PretendCloud.id(50)] = .init(name: "web-1", host: "cmp2") }
        let failure = await other.failure(other.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .drift, "which of the two is meant is not known")
        #expect(other.now.acts.isEmpty)
        let facts = await NovaFactsTests.facts(other)
        #expect(facts["cmp2"]?.value?.residents.map(\.name) == ["mail-1", "web-1.\(PretendCloud.id(50))"])
    }

    /// The plan names it with its id, and only one of the two is on the step's hosts.
    @Test func oneOfTwoOfANameIsMovedByItsId() async {
        let cloud = NovaSteps.cloud { $0.servers[PretendCloud.id(50)] = .init(name: "web-1", host: "cmp3") }
        var moves = NovaSteps.moves
        moves[0].machine = "web-1.\(PretendCloud.id(1))"
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate(moves)) == nil)
        #expect(cloud.now.servers[PretendCloud.id(1)]?.host == "cmp2")
        #expect(cloud.now.servers[PretendCloud.id(50)]?.host == "cmp3")
    }

    @Test func whatNovaSaysIsToldWithoutWhatSteersATerminal() async {
        let (failure, _) = await failure(
            "os-services", PretendCloud.State.fault(500, "computeFault", "no\u{1B}[2J disk\u{202E}"))
        #expect(failure?.message.contains("500 no") == true, "\(failure as Any)")
        #expect(failure?.message.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E } == false)
    }

    @Test func aListThatNeverEndsIsLeft() async {
        let text = #"{"hypervisors":[],"hypervisors_links":[{"rel":"next","href":"x"}]}"#
        let (failure, _) = await failure(
            "os-hypervisors/detail", APIAnswer(status: 200, reason: "OK", body: Array(text.utf8)))
        #expect(failure?.message.contains("leads nowhere") == true, "\(failure as Any)")
    }

    // MARK: Keystone's catalog

    @Test func aCatalogThatDoesNotSayWhichNovaIsMeantIsRefused() async {
        for (words, prepare) in [
            ("more than one region: RegionOne, RegionTwo", { $0.region = ["RegionOne", "RegionTwo"] }),
            ("no public endpoint", { $0.region = [] }),
            ("begins with another scheme", { $0.endpoint = "http://nova.example:8774/v2.1" }),
            ("must not hold a user name", { $0.endpoint = "https://a@nova.example/v2.1" }),
        ] as [(String, (inout PretendCloud.State) -> Void)] {
            let cloud = NovaSteps.cloud(prepare: prepare)
            let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
            #expect(failure?.code == .refused && failure?.message.contains(words) == true, "\(failure as Any)")
            #expect(cloud.now.asked.isEmpty, "nothing is said to whoever is there")
        }
    }

    @Test func aTokenThatCouldBeTwoHeadersIsNone() {
        let body = Array(#"{"token":{"catalog":[]}}"#.utf8)
        for token in ["", "a b", "a\r\nX: y", "ä", String(repeating: "t", count: 20_000)] {
            let answer = APIAnswer(status: 201, reason: "Created", body: body, headers: ["x-subject-token": token])
            #expect(throws: APIError.garbage("Keystone gives no token")) { try CloudSession(answer) }
        }
    }
}
