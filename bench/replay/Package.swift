// swift-tools-version: 6.2
import PackageDescription

// A package of its own beside the root's: a replay needs neither the server nor a database. The sources of the libraries are links
// to the one tree.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "replay",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-log", from: "1.16.2")],
    targets: [
        library("FettleModel"),
        library("FettleDriverKit", ["FettleModel", logging]),
        library("FettleStore", ["FettleModel"]),
        library("FettleExecution", ["FettleModel", "FettleDriverKit", "FettleStore", logging]),
        .target(name: "Plans", dependencies: ["FettleModel"], swiftSettings: strict),
        .executableTarget(
            name: "replay", dependencies: ["FettleModel", "FettleStore", "FettleExecution", "Plans"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
