import Foundation

/// Makes OpenBLAS use AVX-512 where the processor has it.
///
/// OpenBLAS 0.3.21 (Debian 12) takes newer AMD processors for Haswell and then runs its matrix
/// products at half their speed; what it takes the processor for can only be said in the
/// environment, before the library is loaded. So the program starts itself again, once.
enum CoreType {
  /// Starts the program again with `OPENBLAS_CORETYPE`, unless it is set or would not help.
  static func choose() {
    guard getenv("OPENBLAS_CORETYPE") == nil, isAVX512OnAMD else { return }
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 1)
    setenv("OPENBLAS_NUM_THREADS", "1", 0)
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv("/proc/self/exe", &arguments)
    // Only reached where the program could not be started again: it works as it is, slower.
  }

  private static var isAVX512OnAMD: Bool {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return false
    }
    let first = text.prefix(4096)
    return first.contains("AuthenticAMD") && first.contains("avx512f")
  }
}
