internal import CFITSIO
internal import COpenBLAS
internal import CPostgreSQL
internal import CWCS
internal import CZlib
import Foundation
import NeuralNetwork
import Stages

/// The works of others that figures rest on, with the versions that this program runs with.
enum Libraries {
  /// As `openblas 0.3.21`, in the order of how much rests on them.
  static func versions(packagesOf checkout: String?) -> [String] {
    let blas = String(cString: openblas_get_config()).split(separator: " ").dropFirst().first
    let core = String(cString: openblas_get_corename())
    let client = PQlibVersion()
    return [
      "kernels \(Workplace.usualEngine.kernels)", "openblas \(blas ?? "unknown") \(core)",
      "cfitsio \(CFITSIO_MAJOR).\(CFITSIO_MINOR).\(CFITSIO_MICRO)",
      "wcslib \(String(cString: wcslib_version(nil)))",
      "libpq \(client / 10_000).\(client % 10_000)",
      "zlib \(String(cString: zlibVersion()))",
    ] + (checkout.map(packages) ?? [])
  }

  /// The Swift packages that the program is built on, where its checkout tells.
  private static func packages(of checkout: String) -> [String] {
    struct Resolved: Decodable {
      struct Pin: Decodable {
        struct State: Decodable { var version: String? }
        var identity: String
        var state: State
      }
      var pins: [Pin]
    }
    guard let data = FileManager.default.contents(atPath: checkout + "/Package.resolved"),
      let resolved = try? JSONDecoder().decode(Resolved.self, from: data)
    else { return [] }
    return resolved.pins.filter { ["swift-argument-parser", "yams"].contains($0.identity) }
      .map { "\($0.identity) \($0.state.version ?? "unreleased")" }
  }
}
