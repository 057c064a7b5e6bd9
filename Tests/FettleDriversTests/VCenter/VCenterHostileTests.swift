import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Answers that are refused, missing, cut, or not what the documentation says: none of them passes for an empty host.
@Suite("vCenter, hostile answers") struct VCenterHostileTests {
    private func failure(_ member: String, _ answer: APIAnswer) async -> (StepFailure?, PretendCenter) {
        let center = VCenterSteps.center { $0.answers[member] = answer }
        return (await center.failure(center.evacuation, VCenterSteps.evacuate()), center)
    }

    private static func text(_ text: String) -> APIAnswer {
        APIAnswer(status: 200, reason: "OK", body: Array(text.utf8))
    }

    @Test func aSessionThatIsNeverTakenIsAskedForOnceMoreAndNoMore() async {
        for answer in [
            PretendCenter.State.fault("NotAuthenticated", "The session is not authenticated."),
            APIAnswer(status: 401, reason: "Unauthorized", body: []),
        ] {
            let (failure, center) = await failure("RetrievePropertiesEx", answer)
            #expect(failure?.code == .refused && failure?.message.contains("does not take the session") == true)
            #expect(center.now.given == 2 && center.now.acts.isEmpty)
        }
        let closed = VCenterSteps.center { $0.isClosed = true }
        let refusal = await closed.failure(closed.evacuation, VCenterSteps.evacuate())
        #expect(refusal?.code == .refused && refusal?.message.contains("incorrect user name or password") == true)
    }

    @Test func whatVCenterSaysNoToIsToldWithItsWords() async {
        let cases: [(APIAnswer, StepFailure.Code, String)] = [
            (
                PretendCenter.State.fault(
                    "NoPermission", "Permission to perform this operation was denied.",
                    ["missingPrivileges": [["privilegeIds": ["Host.Config.Maintenance"]]]]), .refused,
                "the account may not do that: 500 NoPermission: Permission to perform this operation was denied. "
                    + "(Host.Config.Maintenance)"
            ),
            (PretendCenter.State.fault("InvalidState", "not now"), .internal, "500 InvalidState: not now"),
            (
                APIAnswer(status: 503, reason: "Service Unavailable", body: []), .unreachable,
                "is not known, and nothing"
            ),
            (APIAnswer(status: 404, reason: "Not Found", body: []), .refused, "vCenter 8.0 U1"),
        ]
        for (answer, code, words) in cases {
            let center = VCenterSteps.center { $0.answers["EnterMaintenanceMode_Task"] = answer }
            let failure = await center.failure(center.evacuation, VCenterSteps.evacuate(seconds: 60))
            #expect(failure?.code == code && failure?.message.contains(words) == true, "\(failure as Any)")
            #expect(!center.deeds.contains { $0.hasSuffix("RelocateVM_Task") })
        }
    }

    private static let garbage = [
        "", "{", "[]", "null", "\"x\"", "{}", #"{"objects":null}"#, #"{"objects":[{}]}"#, #"{"objects":[1]}"#,
        #"{"objects":[{"obj":{"type":"HostSystem","value":"../../x"}}]}"#, String(repeating: "[", count: 100_000),
        #"{"objects":[{"obj":{"type":"HostSystem","value":"host-1"},"propSet":[{"name":"name"}]}]}"#,
    ]

    @Test func whatIsNotAsDocumentedStopsTheStep() async {
        for text in Self.garbage {
            let (failure, center) = await failure("RetrievePropertiesEx", Self.text(text))
            #expect(failure != nil && center.now.acts.isEmpty, "\(text.prefix(60))")
            let other = VCenterSteps.center { $0.answers["RetrievePropertiesEx"] = Self.text(text) }
            #expect(await VCenterFactsTests.facts(other).values.allSatisfy { $0.value == nil }, "\(text.prefix(60))")
        }
        for text in Self.garbage {
            let (failure, center) = await failure("HasPrivilegeOnEntities", Self.text(text))
            #expect(failure != nil && center.now.acts.isEmpty, "\(text.prefix(60))")
            let judged = await self.failure("CheckRelocate_Task", Self.text(text))
            #expect(judged.0 != nil && !judged.1.deeds.contains { $0.hasSuffix("RelocateVM_Task") })
        }
    }

    /// An answer without a task is as good as none: what came of it is looked for.
    @Test func anAnswerWithoutATaskIsNotAMove() async {
        for text in Self.garbage {
            let (failure, center) = await failure("RelocateVM_Task", Self.text(text))
            #expect(failure?.code == .unreachable && failure?.message.contains("is not known") == true)
            #expect(center.deeds.filter { $0.hasSuffix("RelocateVM_Task") }.count == 1)
        }
    }

    @Test func idsThatLeadElsewhereGoIntoNoAddress() {
        for value in [
            "", "../x", "a/b", "a?b", "a b", ".", "..", "a%2fb", "vm-1\n", String(repeating: "a", count: 200),
        ] {
            #expect(VIReference("VirtualMachine", value) == nil, "\(value)")
        }
        for type in ["", "Virtual/Machine", "..", "A B"] { #expect(VIReference(type, "vm-1") == nil) }
        #expect(VIReference("VirtualMachine", "vm-1.a_B")?.value == "vm-1.a_B")
    }

    @Test func sizesThatNothingHasAreRefused() async {
        for (gibibytes, processors) in [(-1, 1), (1, -1), (2_000_000_000, 1), (1, 2_000_000)] {
            let machine = VCenterSteps.center { state in
                state.machines["vm-1"]?.gibibytes = gibibytes
                state.machines["vm-1"]?.processors = processors
            }
            #expect(await VCenterFactsTests.facts(machine)["esx1"]?.value == nil)
            let host = VCenterSteps.center { state in
                state.hosts["host-2"]?.gibibytes = gibibytes
                state.hosts["host-2"]?.cores = processors
            }
            #expect(await VCenterFactsTests.facts(host)["esx2"]?.value == nil)
            #expect(await host.failure(host.evacuation, VCenterSteps.evacuate()) != nil && host.now.acts.isEmpty)
        }
    }

    /// Whoever makes a machine gives it what name he likes.
    @Test func namesAreNotTakenAtTheirWord() async throws {
        let center = VCenterSteps.center { state in
            for (number, name) in [
                "a\u{1B}[2Jb", "two\nlines", "twin", "twin", "half %2f slash", "\u{202E}x",
                String(repeating: "n", count: 300),
                "vm-70",
            ].enumerated() {
                state.machines["vm-\(30 + number)"] = .init(name: name, host: "host-1")
            }
        }
        let known = try #require(await VCenterFactsTests.facts(center)["esx1"]?.value)
        let names = Set(known.residents.map(\.name))
        #expect(
            names == [
                "web-1", "db-1", "vm-30", "vm-31", "twin.vm-32", "twin.vm-33", "half / slash", "vm-35", "vm-36",
                "vm-70",
            ])
    }

    @Test func wordsOfVCenterSteerNoTerminal() async {
        let answer = PretendCenter.State.fault("Bad\u{1B}[31m", "no\u{1B}]0;x\u{07}\nand \u{202E}more")
        let (failure, _) = await failure("EnterMaintenanceMode_Task", answer)
        let words = failure?.message ?? ""
        #expect(!words.isEmpty && !words.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E }, "\(words)")
    }

    @Test func aListThatNeverEndsIsNotReadForEver() async {
        let page = #"{"objects":[],"token":"again"}"#
        let center = VCenterSteps.center { state in
            state.answers["RetrievePropertiesEx"] = Self.text(page)
            state.answers["ContinueRetrievePropertiesEx"] = Self.text(page)
        }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.message.contains("more than \(VCenterClient.mostPages) pages") == true)
    }

    @Test func anAnswerThatTakesTooLongIsNotWaitedFor() async {
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: ["esx1"], minimumAvailable: .count(1),
            machines: VCenterSteps.rules)
        let center = VCenterSteps.center()
        let late = await VCenterFacts(connect: { _ in center }, limit: .zero).machines(of: group, asked: ["esx1"])
        #expect(late["esx1"]?.reasonMissing == "vCenter: its answers take too long")
    }
}
