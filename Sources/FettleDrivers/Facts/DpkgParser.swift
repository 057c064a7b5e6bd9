import FettleModel

/// Reads the section `dpkg`: a line for each package, fields separated by tabs, of which the first is dpkg's selection,
/// state and error flag ([dpkg-query(1)](https://manpages.debian.org/dpkg-query)).
struct DpkgPackages: Equatable {
    var installed: [InstalledPackage] = []
    var broken: [BrokenPackage] = []

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let fields = FactText.fields(line)
            let states = fields.first.map(FactText.words) ?? []
            guard fields.count == 6, states.count == 3, FactText.isName(fields[1]) else {
                throw .notUnderstood(line, of: "dpkg-query")
            }
            let (want, state, flag) = (states[0], states[1], states[2])
            if state == "not-installed" || state == "config-files" { continue }
            guard FactText.isName(fields[2]), FactText.isVersion(fields[3]) else {
                throw .notUnderstood(line, of: "dpkg-query")
            }
            if state != "installed" || flag != "ok" {
                let name = state != "installed" ? String(state) : "\(flag)"
                broken.append(
                    BrokenPackage(
                        name: String(fields[1]), architecture: String(fields[2]), version: String(fields[3]),
                        state: name))
            }
            // Waiting for triggers, all of the package is there and configured. In the other states between installed
            // and removed its files are there in part or unconfigured: such a package must not pass for one that is
            // installed.
            guard state == "installed" || state == "triggers-awaited" || state == "triggers-pending" else { continue }
            installed.append(
                InstalledPackage(
                    manager: .dpkg, name: String(fields[1]), architecture: String(fields[2]),
                    version: String(fields[3]),
                    source: String(fields[4].isEmpty ? fields[1] : fields[4]),
                    sourceVersion: String(fields[5].isEmpty ? fields[3] : fields[5]), isHeld: want == "hold"))
        }
        guard !installed.isEmpty || !broken.isEmpty else { throw FactError("dpkg-query named no package at all") }
        installed.sort { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
        broken.sort { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}
