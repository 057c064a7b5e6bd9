internal import FettleModel

/// Reads `machines` of `replace`: how virtual machines are made anew from an image of the catalogue.
struct ImageMachinesReader {
    let reading: Reading

    static let keys = ["driver", "images", "bake", "keep"]
    /// Of traffic, before the second member is replaced.
    static let defaultBakeSeconds = 120
    static let defaultKeepSeconds = 3_600
    static let drivers = ["libvirt"]

    func read(_ value: YAMLValue) -> ImageMachines? {
        guard let fields = Fields(value, of: "'machines'", keys: Self.keys, reading) else { return nil }
        let driver = fields.required("driver", of: "'machines'", reading, hint: "such as libvirt").flatMap {
            reading.driver($0, in: Self.drivers, doing: "makes machines anew")
        }
        let images = fields.required(
            "images", of: "'machines'", reading, hint: "the directory in which hypervisors see the catalogue's images"
        ).flatMap(directory)
        guard let driver, let images else { return nil }
        return ImageMachines(
            driver: driver, images: images, bakeSeconds: seconds(fields, "bake") ?? Self.defaultBakeSeconds,
            keepSeconds: seconds(fields, "keep") ?? Self.defaultKeepSeconds)
    }

    private func seconds(_ fields: Fields, _ key: String) -> Int? {
        fields[key].flatMap { reading.seconds($0, key, in: 0...StrategyReader.longestSeconds) }
    }

    /// It becomes an argument of programs on the hypervisor, and of rules for `sudo` there: plain words only.
    private func directory(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "a directory", limit: 255) else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlain = text.utf8.allSatisfy { NameRule.isAlphanumeric($0) || "/-._".utf8.contains($0) }
        guard text.hasPrefix("/"), text.utf8.count > 1, isPlain,
            !parts.contains(where: { ["", ".", ".."].contains($0) })
        else {
            reading.problem(
                "\(text.quoted) is no plain absolute path of a directory", at: value.place,
                hint: "such as /srv/images, of letters, digits and - . _ /, without // . ..")
            return nil
        }
        return text
    }
}
