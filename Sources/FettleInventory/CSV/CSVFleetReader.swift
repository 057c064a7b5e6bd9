internal import FettleModel

/// Turns a table into a fleet: a row is a resource.
struct CSVFleetReader {
    let reading: Reading
    let options: InventoryImport.Options

    static let columns = [
        "id", "address", "environment", "kind", "criticality", "exposure", "service_model", "owner", "failure_domain",
    ]
    private static let labelPrefix = "label:"

    func read(_ input: InputText) -> Fleet {
        let table = CSVTable(input, reading)
        var fleet = Fleet(environments: options.environments, resources: [], groups: [])
        guard let header = table.rows.first else {
            reading.problem("the table is empty", at: .start, hint: "the first row names the columns: id,address,…")
            return fleet
        }
        let columns = columns(header)
        guard columns.values.contains("id") else {
            let found = header.cells.map(\.text).filter { !$0.isEmpty }
            let isSplit = found.count > 1
            let form = isSplit ? "which were told apart by \(table.separator)" : "the only one: no separator is in it"
            reading.problem(
                "no column 'id' among \(found.listed()), \(form)", at: header.place,
                hint: "commas, semicolons or tabs are between columns, which are "
                    + "\(Self.columns.joined(separator: ", ")), label:<key>")
            return fleet
        }
        if table.rows.count == 1 {
            reading.problem(
                "no resource is below the names of the columns", at: header.place, hint: "a row for each resource")
        }
        var declared = DeclaredResources()
        for row in table.rows.dropFirst() {
            guard let (resource, address) = resource(row, header, columns) else { continue }
            if let first = declared.add(resource, at: row.place, address: address) {
                reading.problem(
                    "the resource \(resource.id.rawValue.quoted) is given twice; first in line \(first.line)",
                    at: row.place)
            }
            guard declared.count <= FleetReader.maximumResources else {
                reading.problem("more than \(FleetReader.maximumResources) resources", at: row.place)
                break
            }
        }
        fleet.resources = declared.sorted
        reading.tellSharedMachines(of: fleet, declared)
        return fleet
    }

    /// Which column holds what. `Service Model` and `serviceModel` are `service_model`.
    private func columns(_ header: CSVTable.Row) -> [Int: String] {
        var columns: [Int: String] = [:]
        for (index, cell) in header.cells.enumerated() where !cell.text.isEmpty {
            let name: String
            if cell.text.lowercased().hasPrefix(Self.labelPrefix) {
                let key = String(Substring(cell.text.dropFirst(Self.labelPrefix.count)).trimmed)
                guard NameRule.isLabelKey(key) else {
                    reading.problem(
                        "\(key.quoted) cannot be the key of a label", at: cell.place, hint: NameRule.inWords)
                    continue
                }
                name = Self.labelPrefix + key
            } else if let known = Self.columns.first(where: { Self.folded($0) == Self.folded(cell.text) }) {
                name = known
            } else {
                let nearest = Suggestion.nearest(to: cell.text, in: Self.columns).map { "did you mean \($0.quoted)?" }
                reading.warning(
                    "the column \(cell.text.quoted) is not known: not taken", at: cell.place,
                    hint: nearest ?? "'label:\(cell.text.shown())' makes it a label")
                continue
            }
            if columns.values.contains(name) {
                reading.problem("the column \(name.quoted) is there twice", at: cell.place)
            }
            columns[index] = name
        }
        return columns
    }

    private static func folded(_ name: String) -> String {
        name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    }

    /// With the place of its address. Where a cell is wrong something stands in for it: the fleet is not used then, but what
    /// else is wrong with the row is told, and with those that have the same id.
    ///
    /// - Returns: nil for a row without an id that can be one.
    private func resource(
        _ row: CSVTable.Row, _ header: CSVTable.Row, _ columns: [Int: String]
    ) -> (resource: Resource, address: Place)? {
        var cells: [String: YAMLValue] = [:]
        for (index, cell) in row.cells.enumerated() {
            guard let name = columns[index], !cell.text.isEmpty else { continue }
            cells[name] = YAMLValue(content: .scalar(YAMLScalar(text: cell.text, isPlain: false)), place: cell.place)
        }
        if let extra = row.cells.dropFirst(header.cells.count).first(where: { !$0.text.isEmpty }) {
            reading.problem(
                "more cells than the header's \(header.cells.count)", at: extra.place,
                hint: "put a text with separators in quotes")
            // Which cell is which cannot be told any more; what reads like its id mostly is.
            guard let cell = cells["id"], let id = cell.scalar?.text, NameRule.isIdentifier(id) else { return nil }
            return (Resource(id: ResourceID(id), address: .ssh(id), environment: ""), cell.place)
        }
        if cells["id"] == nil { reading.problem("a row without an id", at: row.place) }
        let id = cells["id"].flatMap {
            reading.identifier($0, "the id of a resource", ranges: "a table takes no ranges: write a row for each")
        }
        let place = cells["id"]?.place ?? row.place
        var resource = Resource(
            id: ResourceID(id ?? ""), address: address(cells["address"], id: id, at: place),
            environment: environment(cells["environment"], id: id, at: place))
        resource.kind = cells["kind"].flatMap { reading.choice($0, "kind", as: Resource.Kind.self) } ?? .host
        resource.criticality =
            cells["criticality"].flatMap { reading.choice($0, "criticality", as: Resource.Criticality.self) } ?? .medium
        resource.exposure =
            cells["exposure"].flatMap { reading.choice($0, "exposure", as: Resource.Exposure.self) } ?? .internal
        resource.serviceModel =
            cells["service_model"].flatMap { reading.choice($0, "service model", as: ServiceModel.self) } ?? .onPremises
        resource.owner = cells["owner"].flatMap { reading.text($0, "the owner") }
        resource.failureDomain = cells["failure_domain"].flatMap { reading.text($0, "the failure domain") }
        for (name, cell) in cells where name.hasPrefix(Self.labelPrefix) {
            let key = String(name.dropFirst(Self.labelPrefix.count))
            if let text = reading.text(cell, "the label \(key.quoted)") { resource.labels[key] = text }
        }
        return id == nil ? nil : (resource, cells["address"]?.place ?? place)
    }

    /// - Parameter id: also the address of who says none.
    private func address(_ cell: YAMLValue?, id: String?, at place: Place) -> ResourceAddress {
        let standIn = ResourceAddress.ssh(id ?? "")
        guard let text = cell.map({ reading.text($0, "the address", limit: 512) }) ?? id else { return standIn }
        do { return try AddressSyntax.parse(text) } catch {
            reading.problem(error.message, at: cell?.place ?? place, hint: error.hint)
            return standIn
        }
    }

    private func environment(_ cell: YAMLValue?, id: String?, at place: Place) -> EnvironmentID {
        if let cell { return reading.environment(cell, options.environments) ?? "" }
        guard let environment = options.defaultEnvironment else {
            reading.problem(
                "the \(id.map { "resource \($0.quoted)" } ?? "row") has no environment", at: place,
                hint: "fill in the column 'environment', or choose a default one (--environment)")
            return ""
        }
        return environment
    }
}
