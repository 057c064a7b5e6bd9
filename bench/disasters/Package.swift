// swift-tools-version: 6.2
import PackageDescription

// A package of its own beside the root's, so that a million plays need none of the server's and the databases' dependencies. The
// sources of the libraries are links to the one tree.
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
    name: "disasters",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-log", from: "1.16.2")],
    targets: [
        library("FettleVersions"),
        library("FettleModel"),
        library("FettlePlanning", ["FettleModel", "FettleVersions"]),
        library("FettleDriverKit", ["FettleModel", logging]),
        library("FettleStore", ["FettleModel"]),
        library("FettleChecking", ["FettleModel"]),
        library("FettleExecution", ["FettleModel", "FettleDriverKit", "FettleStore", logging]),
        library("FettleSimulation", ["FettleModel", "FettleStore", "FettleChecking", "FettleExecution"]),
        .target(name: "Fleets", dependencies: ["FettleModel"], swiftSettings: strict),
        .executableTarget(
            name: "disasters",
            dependencies: [
                "FettleModel", "FettleStore", "FettleExecution", "FettlePlanning", "FettleSimulation", "Fleets",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
