import FettleModel

/// Language registries by the names of their ecosystems, and packages as their advisories write them.
package enum RegistryName {
    static let pypi = "pypi"
    static let npm = "npm"
    static let maven = "maven"
    static let go = "go"
    static let crates = "crates.io"
    static let rubygems = "rubygems"
    static let nuget = "nuget"
    static let packagist = "packagist"

    /// The ecosystem of a package URL's type; nil where no advisories are known by name.
    static func ecosystem(type: String) -> String? {
        switch type {
        case "pypi": pypi
        case "npm": npm
        case "maven": maven
        case "golang": go
        case "cargo": crates
        case "gem": rubygems
        case "nuget": nuget
        case "composer": packagist
        case "hex": "hex"
        case "pub": "pub"
        case "swift": "swifturl"
        default: nil
        }
    }

    /// PyPI's normal form: lower case, each run of `-`, `_` and `.` a single hyphen
    /// ([specification](https://packaging.python.org/en/latest/specifications/name-normalization/)).
    package static func pypiName(_ name: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        for byte in name.lowercased().utf8 {
            let isSeparator = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            if !isSeparator { bytes.append(byte) } else if bytes.last != UInt8(ascii: "-") { bytes.append(0x2D) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func package(_ ecosystem: String, _ name: some StringProtocol, _ version: some StringProtocol)
        -> ListedPackage
    {
        let name = ecosystem == pypi ? pypiName(name) : ecosystem == packagist ? name.lowercased() : String(name)
        return ListedPackage(origin: .registry(ecosystem), name: name, version: String(version))
    }
}
