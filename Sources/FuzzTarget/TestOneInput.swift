import Failures
import Foundation

/// The file that every input becomes; its ending, which is its format, is in the environment.
private let path =
  "/dev/shm/reber-fuzz-\(getpid()).\(ProcessInfo.processInfo.environment["FUZZ_FORMAT"] ?? "fits")"

/// What libFuzzer calls with each input: reads it as a file, and ends the process where the input is not to blame for
/// what goes wrong.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard FileManager.default.createFile(atPath: path, contents: Data(bytes: bytes, count: count))
  else {
    fatalError("\(path) cannot be written")
  }
  do {
    _ = try readThrough(path)
  } catch let failure as any Failure {
    guard failure.exitStatus == .badInput else { fatalError("the input is not blamed: \(failure)") }
  } catch {
    fatalError("not a failure of ours: \(error)")
  }
  return 0
}
