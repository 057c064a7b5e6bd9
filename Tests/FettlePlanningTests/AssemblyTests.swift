import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct AssemblyTests {
    private let old = FleetSample.oldVersion
    private let new = FleetSample.newVersion

    private func assemble(
        _ answer: Result<Resolution, StepFailure>?, pinned: [String] = [], policy: Policy = Policy()
    ) -> Selection {
        var builder = FleetBuilder()
        builder.host("web-1")
        let sample = FleetSample(fleet: builder.fleet)
        var patches = SelectionPlanner.selectPatches(
            sample.findings, facts: sample.facts, fleet: sample.fleet, policy: Policy())
        patches.requests[0].pinned = pinned
        return SelectionPlanner.assemble(
            patches, answers: answer.map { ["web-1": $0] } ?? [:], policy: policy, id: "selection-1",
            findings: FleetSample.reference("findings-1"), selectedAt: FactSample.now)
    }

    private func answer(_ change: (inout Resolution) -> Void) -> Result<Resolution, StepFailure> {
        var resolution = FleetSample.resolution
        change(&resolution)
        return .success(resolution)
    }

    @Test func anAnswerToWhatWasAskedIsTaken() {
        let selection = assemble(.success(FleetSample.resolution))
        #expect(selection.leftOut == [])
        #expect(selection.hosts == [FleetSample.selected("web-1")])
    }

    @Test func whatWasNotAnsweredIsNotPlanned() {
        #expect(assemble(nil).leftOut.map(\.reason) == ["its resolver was not asked"])
        let failure = StepFailure(code: .refused, message: "unmet dependencies")
        #expect(assemble(.failure(failure)).leftOut.map(\.reason) == ["its resolver failed: unmet dependencies"])
    }

    @Test func anAnswerToSomethingElseIsNotPlanned() {
        let change = PackageChange(name: "libc6", architecture: "amd64", from: "2.36-9+deb12u10", to: "2.36-9")
        let cases: [(String, (inout Resolution) -> Void)] = [
            ("its resolver does not bring openssl to \(new)", { $0.changes.removeLast() }),
            ("its resolver brings openssl to removal instead of \(new)", { $0.changes[1].to = nil }),
            ("its resolver names openssl:amd64 more than once", { $0.changes.append($0.changes[1]) }),
            ("its resolver answered for rpm instead of dpkg", { $0.manager = .rpm }),
            (
                "its resolver would take libc6 back from 2.36-9+deb12u10 to 2.36-9; pin it to allow that",
                { $0.changes.append(change) }
            ),
        ]
        for (reason, modify) in cases {
            let selection = assemble(answer(modify))
            #expect(selection.leftOut.map(\.reason) == [reason])
            #expect(selection.hosts == [])
        }
        #expect(assemble(answer { $0.changes.append(change) }, pinned: ["libc6"]).hosts.count == 1)
    }

    @Test func whatPolicyExcludesIsNotChangedOnTheSideEither() {
        var policy = Policy()
        policy.exclude = ["linux-*"]
        let selection = assemble(
            answer {
                $0.changes.append(
                    PackageChange(name: "linux-base", architecture: "all", from: "4.9", to: "4.10"))
            }, policy: policy)
        #expect(
            selection.leftOut.map(\.reason) == [
                "what is wanted also changes packages that policy excludes: linux-*"
            ])
    }
}
