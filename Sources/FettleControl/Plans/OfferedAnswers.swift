import FettleModel
import FettlePlanning

/// What resolvers would answer, as far as the facts tell: each wanted version is what the host's own sources offered when it was
/// looked at, and nothing else changes with it. No host has been asked, so that nothing is rehearsed: the step that patches asks the
/// package manager first, and refuses if it would do anything else.
enum OfferedAnswers {
    static func of(_ requests: [SelectionRequest], facts: FactSet) -> [ResourceID: Result<Resolution, StepFailure>] {
        let hosts = Dictionary(facts.hosts.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        var answers: [ResourceID: Result<Resolution, StepFailure>] = [:]
        for request in requests where !request.wanted.isEmpty {
            guard let host = hosts[request.resource] else { continue }
            answers[request.resource] = answer(to: request, host)
        }
        return answers
    }

    private struct Key: Hashable {
        var name: String
        var architecture: String
    }

    private static func answer(to request: SelectionRequest, _ host: HostFacts) -> Result<Resolution, StepFailure> {
        var offered: [Key: Set<String>] = [:]
        for update in host.updates.value ?? [] {
            offered[Key(name: update.name, architecture: update.architecture), default: []].insert(update.candidate)
        }
        var installed: [Key: String] = [:]
        for package in host.packages.value ?? [] where package.manager == request.manager {
            installed[Key(name: package.name, architecture: package.architecture)] = package.version
        }
        var changes: [PackageChange] = []
        for wanted in request.wanted {
            let key = Key(name: wanted.name, architecture: wanted.architecture)
            guard offered[key]?.contains(wanted.version) == true else {
                return .failure(
                    StepFailure(
                        code: .refused,
                        message:
                            "\(wanted.name) \(wanted.version) is not among the updates in its facts, and no host was asked"
                    ))
            }
            changes.append(
                PackageChange(
                    name: wanted.name, architecture: wanted.architecture, from: installed[key], to: wanted.version))
        }
        let kernels = request.wanted.map(\.name).filter { name in
            KernelPackages.isKernel(name) || (request.manager == .apk && KernelPackages.isAlpineKernel(name))
        }
        return .success(
            Resolution(
                manager: request.manager, resolvedAt: host.observedAt,
                changes: changes.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }, downloadBytes: 0,
                reboot: kernels.isEmpty ? .notExpected : .expected(because: Set(kernels).sorted())))
    }
}
