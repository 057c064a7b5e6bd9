import FettleIndex

/// What a criterion asks for, told from its test and from its comment, in which vendors say what tests alone don't.
enum OVALMeaning {
    /// That the host is of another distribution: never so for a host of this one.
    case never
    /// What always holds for packages of the distribution (its signature), or is judged elsewhere (which kernel runs).
    case neutral
    /// Nil: a product that is none of the distributions known here.
    case platform(Ecosystem?)
    case module(String)
    case architectures([String])
    case package(OVALPackage)
    case unknown
}

/// A package and the versions of it that a criterion is about.
struct OVALPackage: Equatable {
    enum Condition: Equatable {
        case installed
        case absent
        case below(String)
        case through(String)
        case exactly(String)
        case notAffected
    }

    var name: String
    var condition: Condition
    /// Only versions from this one on: those of the same series of kernels.
    var series = ""
    var architectures: [String] = []
    var status = AffectedStatus.affected
    var remark = ""
    /// Where Ubuntu's comment says it: the pocket, and the CVE of a definition about many.
    var ecosystem: Ecosystem?
    var cve: String?
}

extension OVALFacts {
    func meaning(of id: String, _ comment: String, isNegated: Bool) -> OVALMeaning {
        guard let test = tests[id] else { return isNegated ? .unknown : ubuntuMeaning(nil, comment) ?? .unknown }
        if test.isNegative { return isNegated ? .unknown : .never }
        if let ubuntu = ubuntuMeaning(test, comment) { return ubuntu }
        if isNegated { return .unknown }
        let states = test.states.map { self.states[Int($0)] }
        if comment.contains(" is signed with ") || (!states.isEmpty && states.allSatisfy(\.isSignature)) {
            return .neutral
        }
        if let module = module(comment) { return .module(module) }
        if test.isOfKernel || comment.hasSuffix("is currently running") || comment.hasSuffix("on next boot") {
            return kernelMeaning(comment)
        }
        guard let name = package(of: test) else {
            return comment.hasSuffix(" is installed") ? .platform(ProductNames.ecosystem(comment)) : .unknown
        }
        if name.lowercased().hasSuffix("-release") { return releaseMeaning(comment, states) }
        return packageMeaning(name, test, states)
    }

    private func kernelMeaning(_ comment: String) -> OVALMeaning {
        // Debian writes its architectures as tests of the kernel.
        guard comment.hasSuffix(" architecture") else { return .neutral }
        let architecture = comment.split(separator: " ").first.map(String.init) ?? "all"
        return architecture == "all" ? .neutral : .architectures([architecture])
    }

    /// `Module nodejs:18 is enabled`
    private func module(_ comment: String) -> String? {
        guard comment.hasPrefix("Module "), comment.hasSuffix(" is enabled") else { return nil }
        let parts = comment.dropFirst(7).dropLast(11).split(separator: ":")
        return parts.count == 2 ? ModuleStream.label(name: parts[0], stream: parts[1]) : nil
    }

    /// Tests of the package that says which release it is: its version, or the host's architecture.
    private func releaseMeaning(_ comment: String, _ states: [State]) -> OVALMeaning {
        if let range = comment.firstRange(of: " arch is ") {
            return .architectures(Self.packageArchitectures(ofHost: String(comment[range.upperBound...])))
        }
        return comment.hasSuffix(" is installed") ? .platform(ProductNames.ecosystem(comment)) : .unknown
    }

    /// What may be installed on a host: Oracle asks for the host's architecture, not for the package's.
    private static func packageArchitectures(ofHost host: String) -> [String] {
        switch host {
        case "x86_64": ["x86_64", "i686", "i386", "noarch"]
        case "i386": ["i386", "i486", "i586", "i686", "noarch"]
        default: RpmNames.isName(host) ? [host, "noarch"] : []
        }
    }

    private func packageMeaning(_ name: String, _ test: Test, _ states: [State]) -> OVALMeaning {
        guard states.count <= 1, states.first?.isForeign != true else { return .unknown }
        guard let state = states.first else {
            return .package(OVALPackage(name: name, condition: test.isAbsence ? .absent : .installed))
        }
        guard !test.isAbsence, let condition = condition(state) else { return .unknown }
        let architectures = state.architecture.split(separator: "|").map { $0.filter { $0 != "(" && $0 != ")" } }
        guard architectures.count <= 64 else { return .unknown }
        var package = OVALPackage(name: name, condition: condition)
        package.architectures = architectures.contains("noarch") ? [] : architectures
        if !state.series.isEmpty {
            let series = state.series.drop { $0 == "^" }
            guard series.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return .unknown }
            package.series = String(series)
        }
        return .package(package)
    }

    /// SUSE writes "affected, and there is no fix" as `greater than 0:0-0`, and "not affected" as `equals 0:0-0`.
    private func condition(_ state: State) -> OVALPackage.Condition? {
        guard let version = OVALRecords.version(state.evr) else { return nil }
        let isZero = version == "0-0" || version == "0"
        return switch state.operation {
        case "less than": isZero ? .notAffected : .below(version)
        case "less than or equal": .through(version)
        case "equals": isZero ? .notAffected : .exactly(version)
        case "greater than", "greater than or equal": isZero ? .installed : nil
        default: nil
        }
    }

    /// `(CVE-2023-48795) openssh package in esm-infra/jammy is affected and needs fixing.`
    ///
    /// The test itself names binary packages, while Ubuntu is matched by sources, and those only the comment names.
    private func ubuntuMeaning(_ test: Test?, _ comment: String) -> OVALMeaning? {
        guard let range = comment.firstRange(of: " package in ") else { return nil }
        let before = comment[..<range.lowerBound].split(separator: " ")
        let after = comment[range.upperBound...]
        let place = after.prefix { $0 != " " && $0 != "," }
        guard let name = before.last, RpmNames.isName(String(name)),
            let ecosystem = UbuntuPockets.ecosystem(place)
        else { return nil }
        var package = OVALPackage(name: String(name.filter { $0 != "'" }), condition: .installed)
        package.ecosystem = ecosystem
        if before.count > 1 { package.cve = before.first.map { String($0.filter { $0 != "(" && $0 != ")" }) } }
        if let cve = package.cve, !AdvisoryNames.isCVE(cve) { package.cve = nil }
        let words = after.dropFirst(place.count)
        if words.contains("not affected") {
            package.condition = .notAffected
        } else if let state = test?.states.first, let condition = condition(states[Int(state)]) {
            package.condition = condition
        } else if words.contains("has been fixed") {
            return .unknown
        } else if words.contains("may be affected") || words.contains("may need fixing")
            || words.contains("not known") || words.contains("needs evaluation")
        {
            package.status = .underInvestigation
        } else if words.contains("defer") {
            package.remark = "deferred"
        } else if words.contains("ignore") {
            package.remark = "ignored"
        } else if words.contains("pending") {
            package.remark = "pending"
        }
        return .package(package)
    }
}
