import FettleModel
import Testing

@testable import FettleControl

@Suite struct UnreadHostTests {
    /// A package manager that is out of order is no package manager that has nothing to do.
    @Test func whoseResolverFailsIsNotTakenForOneThatNeedsNothing() {
        let unread = UnreadHost.all(
            [UnreadHost(resource: "web-1", reason: "never looked at")],
            asked: [
                "web-1": .failure(StepFailure(code: .unreachable, message: "no route")),
                "web-2": .failure(StepFailure(code: .packageManager, message: "unmet dependencies")),
                "web-3": .failure(StepFailure(code: .timeout, message: "60 s")),
                "web-4": .success(
                    Resolution(manager: .dpkg, resolvedAt: Timestamp(milliseconds: 0), changes: [], downloadBytes: 0)),
            ])
        #expect(
            unread == [
                UnreadHost(resource: "web-1", reason: "never looked at"),
                UnreadHost(resource: "web-2", reason: "its resolver failed: unmet dependencies"),
                UnreadHost(resource: "web-3", reason: "did not answer: 60 s"),
            ])
    }
}
