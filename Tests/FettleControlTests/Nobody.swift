import FettleDriverKit
import FettleModel

/// Tools of a world in which nobody answers, for tests that ask nobody.
struct NoFacts: HostInspector {
    func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts {
        .nothingObserved(
            of: resource, at: Timestamp(milliseconds: 0), reachability: .unreachable(reason: "nobody"), reason: "nobody"
        )
    }
}

struct NoAnswers: UpdateResolver {
    func resolve(
        _ wanted: [PackageVersion], manager: PackageManager, on resource: ResourceID, at address: ResourceAddress
    ) async throws(StepFailure) -> Resolution {
        throw StepFailure(code: .refused, message: "nobody is asked here")
    }
}

struct NoDrivers: StepDriverRegistry {
    func driver(for action: StepAction) -> (any StepDriver)? { nil }
}

struct NoMembers: HealthObserver {
    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] { [:] }
}
