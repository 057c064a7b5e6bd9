import FettleModel
import FettleTestSupport
import Testing

@testable import FettleReporting

/// I8: what cannot be undone is said before anybody approves, step by step, with why.
@Suite struct IrreversibleStepTests {
    @Test func aPlanThatCanBeUndoneHasNone() {
        #expect(IrreversibleStep.all(of: RollingPlan.plan(size: 2, lanes: 1)) == [])
    }

    @Test func eachStepIsNamedWithWhatIsLost() {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
            .changing("web-2/patch") { $0.rollbackClass = .irreversible }
            .changing("web-3/preflight") {
                $0.action = .retire
                $0.rollbackClass = .irreversible
            }
        plan.pointOfNoReturn = "web-2/patch"
        let steps = IrreversibleStep.all(of: plan)
        #expect(steps.map(\.step) == ["web-2/patch", "web-3/preflight"])
        #expect(steps.map(\.resource) == ["web-2", "web-3"])
        #expect(steps[0].because == "not all of the earlier versions are offered any more (openssl 1)")
        #expect(steps[1].because == "it is shut down for good")
    }

    @Test func aLongListIsCutAndSaysSo() {
        let changes = (1...9).map { PackageChange(name: "p\($0)", architecture: "amd64", from: "\($0)", to: "x") }
        var transaction = RollingPlan.transaction
        transaction.changes = changes
        let plan = RollingPlan.plan(size: 2, lanes: 1).changing("web-1/patch") {
            $0.action = .changePackages(transaction: transaction)
            $0.rollbackClass = .irreversible
        }
        let because = IrreversibleStep.all(of: plan).first?.because
        #expect(because?.hasSuffix("(p1 1, p2 2, p3 3, p4 4, p5 5 and 4 more)") == true)
    }
}
