import FettleIndex

/// Tells in which ecosystems a definition's packages are.
///  Red Hat's CPEs tell more than its criteria, which ask for `Red Hat Enterprise Linux 9` even of what is fixed for a
/// minor release under extended support, or in a product of its own (trivy#3576). Elsewhere the criteria decide, and
/// where they say nothing, the platforms that the definition names.
struct OVALPlatforms {
    private let ofCPEs: [Ecosystem]
    private let hasCPEs: Bool
    private let named: [Ecosystem]

    init(_ definition: OVALDefinition) {
        var seen: Set<Ecosystem> = []
        let redHat = definition.cpes.prefix(1000).filter { $0.contains(":redhat:") }
        ofCPEs = redHat.compactMap(PlatformCPE.ecosystem).filter { seen.insert($0).inserted }
        hasCPEs = !redHat.isEmpty
        named = definition.platforms.prefix(1000).compactMap(ProductNames.ecosystem)
    }

    func ecosystems(of package: OVALPackage, _ gated: [Ecosystem]?) -> [Ecosystem] {
        if let place = package.ecosystem {
            // A document for hosts with certified builds says of all packages what holds there, wherever they are from.
            let release = place.release.prefix { $0 != ":" }
            let certified = named.first { name in
                UbuntuPockets.certified.contains { name.name == "ubuntu:\(release):\($0)" }
            }
            return [certified ?? place]
        }
        var found = gated ?? named
        if hasCPEs {
            let majors = Set(found.map { Self.major($0) })
            found = ofCPEs.filter { majors.isEmpty || majors.contains(Self.major($0)) }
        }
        return found.map { flavour($0, package) }
    }

    private static func major(_ ecosystem: Ecosystem) -> Substring {
        ecosystem.release.prefix { $0 != "." && $0 != ":" }
    }

    /// Oracle patches libraries for Ksplice and for FIPS apart, with a higher epoch or release: installed packages that
    /// are not of that kind never reach such a version, and are not affected by lacking it.
    private func flavour(_ ecosystem: Ecosystem, _ package: OVALPackage) -> Ecosystem {
        guard ecosystem.family == "oracle", case .below(let version) = package.condition else { return ecosystem }
        let kind = version.contains(".ksplice") ? "ksplice" : version.contains("_fips") ? "fips" : ""
        return kind.isEmpty ? ecosystem : Ecosystem("\(ecosystem.name):\(kind)") ?? ecosystem
    }
}
