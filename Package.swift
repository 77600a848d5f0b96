// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library module of the house, and the modules below it that it may use.
func module(_ name: String, uses: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target
{
  .target(name: name, dependencies: uses, resources: resources, swiftSettings: strict)
}

/// The tests of a module, which stand in a folder named alike.
func tests(
  of name: String, uses: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name)] + uses, resources: resources,
    swiftSettings: strict)
}

let package = Package(
  name: "reber",
  products: [
    .executable(name: "reber", targets: ["reber"]),
    .executable(name: "engine-bench", targets: ["EngineBench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // The C libraries from apt: module maps only.
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CFITSIO", pkgConfig: "cfitsio", providers: [.apt(["libcfitsio-dev"])]),
    .systemLibrary(name: "CWCS", pkgConfig: "wcslib", providers: [.apt(["wcslib-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // The few hot loops in C.
    // Optimised in debug builds too: tests would take minutes otherwise.
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-Wno-psabi"])]),

    // Libraries made pleasant.
    module("PostgreSQL", uses: ["CPostgreSQL"]),
    module("FITS", uses: ["CFITSIO", "CWCS"]),
    module("Digest", uses: ["CCrypto"]),
    module("PNG", uses: ["CPNG"]),
    module("Tables", uses: ["FITS", "CXML", "CZlib"]),
    module("Tensor", uses: ["COpenBLAS", "CKernels"]),

    // What Reber exists for.
    module("Network", uses: ["Tensor", "CKernels"]),
    module("Morphology", uses: ["Network", "Tensor", "CKernels"]),
    module("Simulation", uses: ["Tensor"]),
    module("Catalogue", uses: ["PostgreSQL"]),
    module(
      "Stages",
      uses: [
        "Catalogue", "Morphology", "Network", "Tensor", "Simulation", "Digest", "FITS", "PNG",
        "Tables", "PostgreSQL",
      ]),
    .executableTarget(
      name: "reber",
      dependencies: [
        "Stages", "Catalogue", "PostgreSQL", "Morphology", "Network", "Simulation", "FITS",
        "Tables",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // The engine's side of tools/bench engine.
    .executableTarget(
      name: "EngineBench", dependencies: ["Network", "Tensor"], swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["PostgreSQL"], path: "Tests/TestSupport",
      swiftSettings: strict),
    tests(of: "PostgreSQL", uses: ["TestSupport"]),
    tests(of: "Digest", uses: ["TestSupport"]),
    tests(of: "FITS", uses: ["Digest", "TestSupport"], resources: [.copy("Fixtures")]),
    tests(of: "PNG", uses: ["Digest", "TestSupport"]),
    tests(of: "Tables", uses: ["FITS"]),
    tests(of: "Tensor", uses: ["CKernels"]),
    tests(of: "Network", uses: ["Tensor", "CKernels"]),
    tests(of: "Morphology", uses: ["Network", "Tensor", "CKernels"]),
    tests(of: "Simulation", uses: ["Tensor"]),
    tests(of: "Catalogue", uses: ["PostgreSQL", "TestSupport"]),
    tests(
      of: "Stages",
      uses: [
        "Catalogue", "Digest", "Morphology", "Network", "Tensor", "Simulation", "PostgreSQL",
        "FITS", "Tables",
        "PNG", "TestSupport",
      ]),
    // The program itself, as a person or a script calls it.
    .testTarget(
      name: "EndToEndTests", dependencies: ["reber", "Tables", "PostgreSQL", "TestSupport"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
