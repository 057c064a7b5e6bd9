import Foundation

/// Finds and reads the files of an Ansible inventory: one file or a directory of them, with `group_vars` and `host_vars`
/// beside. Nothing is run: an inventory that is a program is told as such.
struct AnsibleSources {
    private(set) var inventory = AnsibleInventory()
    private(set) var problems: [InventoryProblem] = []
    private(set) var warnings: [InventoryProblem] = []
    private var filesRead = 0

    static let maximumFiles = 20_000
    /// As in Ansible's `INVENTORY_IGNORE_EXTS`.
    private static let ignoredEndings = [
        ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
    ]
    private static let yamlEndings = [".yml", ".yaml", ".json"]

    init(path: String) {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        if exists, isDirectory.boolValue {
            for name in names(in: path) where !["group_vars", "host_vars"].contains(name) {
                guard !name.hasPrefix("."), !Self.ignoredEndings.contains(where: name.hasSuffix) else { continue }
                source(path + "/" + name)
            }
            variableDirectories(beside: path)
        } else {
            source(path)
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
            variableDirectories(beside: path.contains("/") ? parent : ".")
        }
    }

    private mutating func source(_ path: String) {
        guard let input = input(path) else { return }
        let reading = Reading(file: path)
        if Self.yamlEndings.contains(where: path.lowercased().hasSuffix) {
            AnsibleYAMLReader(reading: reading).read(input, into: &inventory)
        } else if input.text.hasPrefix("#!") {
            reading.problem(
                "this is a program; programs are not run", at: .start,
                hint: "run 'ansible-inventory -i <this file> --list --yaml' and import what it prints")
        } else if input.text.split(whereSeparator: \.isNewline).first(where: { !$0.hasPrefix("#") })?.trimmed == "---" {
            AnsibleYAMLReader(reading: reading).read(input, into: &inventory)
        } else {
            AnsibleINIReader(reading: reading).read(input, into: &inventory)
        }
        take(reading)
    }

    // MARK: Variables in directories

    private mutating func variableDirectories(beside directory: String) {
        for (kind, isGroup) in [("group_vars", true), ("host_vars", false)] {
            let root = directory + "/" + kind
            for entry in names(in: root) where !entry.hasPrefix(".") && !entry.hasSuffix("~") {
                let path = root + "/" + entry
                let owner = isDirectory(path) ? entry : Self.withoutEnding(entry)
                let known = isGroup ? inventory.groups[owner] != nil : inventory.hosts[owner] != nil
                guard known || owner == "ungrouped" else {
                    warnings.append(
                        InventoryProblem(
                            file: path, line: 1, column: 1,
                            message: "variables of \(owner.quoted), which is no \(isGroup ? "group" : "host") of the "
                                + "inventory: not taken"))
                    continue
                }
                for file in files(at: path) { variables(file, owner: owner, isGroup: isGroup) }
            }
        }
    }

    private mutating func variables(_ path: String, owner: String, isGroup: Bool) {
        guard let input = input(path) else { return }
        let reading = Reading(file: path)
        if input.text.hasPrefix("$ANSIBLE_VAULT;") {
            reading.warning("the file is encrypted: its variables are not taken", at: .start)
        } else if let root = YAMLDocument.read(input, reading, as: .ansible) {
            for (name, value) in AnsibleYAMLReader(reading: reading).variables(root) {
                if isGroup {
                    inventory.setFromDirectory(name, to: value, group: owner)
                } else {
                    inventory.setFromDirectory(name, to: value, host: owner)
                }
            }
        }
        take(reading)
    }

    /// The file itself, or all files below the directory, sorted; with `.yml`, `.yaml`, `.json` or no ending.
    private func files(at path: String, depth: Int = 0) -> [String] {
        guard isDirectory(path) else { return [path] }
        guard depth < 8 else { return [] }
        return names(in: path).flatMap { name -> [String] in
            let isTaken = isDirectory(path + "/" + name) || Self.withoutEnding(name) != name || !name.contains(".")
            guard !name.hasPrefix("."), !name.hasSuffix("~"), isTaken else { return [] }
            return files(at: path + "/" + name, depth: depth + 1)
        }
    }

    // MARK: Files

    private mutating func input(_ path: String) -> InputText? {
        filesRead += 1
        guard filesRead <= Self.maximumFiles else {
            if filesRead == Self.maximumFiles + 1 {
                problems.append(
                    InventoryProblem(file: path, line: 1, column: 1, message: "more than \(Self.maximumFiles) files"))
            }
            return nil
        }
        do { return try InputText.read(path: path, ifAbsent: InventoryImport.importAdvice) } catch {
            problems += error.problems
            return nil
        }
    }

    private mutating func take(_ reading: Reading) {
        problems += reading.problems
        warnings += reading.warnings
    }

    private func names(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    private func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    private static func withoutEnding(_ name: String) -> String {
        for ending in yamlEndings where name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
        return name
    }
}
