// swift-tools-version: 6.1
import PackageDescription

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "t2",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries of the system, and our own kernels.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CLAPACKE", providers: [.apt(["liblapacke-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),

        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])]),

        // Row 1
        .target(name: "T2Core", dependencies: [crypto]),

        // Row 2
        .target(name: "T2Numerics", dependencies: ["T2Core", "CKernels", "COpenBLAS", "CLAPACKE"]),
        .target(name: "T2Text", dependencies: ["T2Core"]),

        // Row 3
        .target(name: "T2Model", dependencies: ["T2Core", "T2Numerics", "CKernels"]),
        .target(name: "T2Learning", dependencies: ["T2Core"]),

        // Row 5
        .executableTarget(
            name: "t2-bench",
            dependencies: ["T2Core", "T2Numerics", "T2Model", "T2Learning", "CKernels", argumentParser]),

        .target(name: "T2TestSupport", dependencies: ["T2Core"]),

        .testTarget(name: "T2CoreTests", dependencies: ["T2Core"]),
        .testTarget(name: "T2NumericsTests", dependencies: ["T2Core", "T2Numerics", "CKernels"]),
        .testTarget(name: "T2TextTests", dependencies: ["T2Core", "T2Text"], resources: [.copy("Fixtures")]),
        .testTarget(name: "T2ModelTests", dependencies: ["T2Core", "T2Numerics", "T2Model", "T2TestSupport"]),
        .testTarget(name: "T2LearningTests", dependencies: ["T2Core", "T2Learning"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "ReferenceTests", dependencies: ["T2Core", "T2Numerics", "T2Model", "T2Learning"],
            resources: [.copy("Fixtures")]),
    ],
    swiftLanguageModes: [.v6]
)
