// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library module of the house, and the modules below it that it may use.
func module(
  _ name: String, path: String? = nil, uses: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: uses, path: path, resources: resources, swiftSettings: strict)
}

/// The tests of a module, which stand in a folder named alike.
func tests(of name: String, path: String? = nil, uses: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name)] + uses, path: path,
    swiftSettings: strict)
}

let package = Package(
  name: "reber",
  products: [.executable(name: "reber", targets: ["reber"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.8.0"),
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
    .target(name: "CKernels"),

    // Libraries made pleasant.
    module("PostgreSQL", uses: ["CPostgreSQL"]),
    module("FITS", uses: ["CFITSIO", "CWCS"]),
    module("Digest", uses: ["CCrypto"]),
    module("PNG", uses: ["CPNG"]),
    module("Tables", uses: ["FITS", "CXML", "CZlib"]),
    module("Tensor", uses: ["COpenBLAS", "CKernels"]),

    // What Reber exists for.
    // Not "Network": NIO would take a module of that name for Apple's framework.
    module("NeuralNetwork", path: "Sources/Network", uses: ["Tensor", "CKernels"]),
    module("Morphology", uses: ["NeuralNetwork", "Tensor", "CKernels"]),
    module("Simulation", uses: ["Tensor"]),
    module("Catalogue", uses: ["PostgreSQL"]),
    module(
      "Stages",
      uses: [
        "Catalogue", "Morphology", "NeuralNetwork", "Tensor", "Simulation", "Digest", "FITS", "PNG",
        "Tables", "PostgreSQL",
      ]),
    // Pages in a browser: nothing but `reber` builds the HTTP server.
    module(
      "Web",
      uses: [
        "Catalogue", "Morphology", "PNG", "PostgreSQL", "Tensor",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "Logging", package: "swift-log"),
      ], resources: [.embedInCode("Templates"), .embedInCode("Assets")]),
    .executableTarget(
      name: "reber",
      dependencies: [
        "Web", "Stages", "Catalogue", "PostgreSQL", "Morphology", "NeuralNetwork", "Tables",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["PostgreSQL"], path: "Tests/TestSupport",
      swiftSettings: strict),
    tests(of: "PostgreSQL", uses: ["TestSupport"]),
    tests(of: "Digest", uses: ["TestSupport"]),
    tests(of: "FITS", uses: ["TestSupport"]),
    tests(of: "PNG", uses: ["Digest", "TestSupport"]),
    tests(of: "Tables", uses: ["FITS"]),
    tests(of: "Tensor", uses: ["CKernels"]),
    tests(of: "NeuralNetwork", path: "Tests/NetworkTests", uses: ["Tensor", "CKernels"]),
    tests(of: "Morphology", uses: ["NeuralNetwork", "Tensor", "CKernels"]),
    tests(of: "Simulation", uses: ["Tensor"]),
    tests(of: "Catalogue", uses: ["PostgreSQL", "TestSupport"]),
    tests(
      of: "Stages",
      uses: [
        "Catalogue", "Morphology", "NeuralNetwork", "Tensor", "PostgreSQL", "FITS", "Tables", "PNG",
        "TestSupport",
      ]),
    tests(
      of: "Web",
      uses: [
        "Catalogue", "PostgreSQL", "Tensor", "TestSupport",
        .product(name: "HummingbirdTesting", package: "hummingbird"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
