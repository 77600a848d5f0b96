internal import CZstd
import Files

/// Compresses pages by Zstandard.
final class Zstandard {
  /// The fastest of the usual levels: catalogues hold noise, which the slower ones do not press further.
  private static let level: Int32 = 1
  private let context = ZSTD_createCCtx()

  deinit { ZSTD_freeCCtx(context) }

  /// Gives bytes compressed.
  ///
  /// - Throws: `FileError` where there is no memory for it.
  func compressed(_ bytes: [UInt8], path: String) throws -> [UInt8] {
    var status = 0
    let bound = ZSTD_compressBound(bytes.count)
    let result = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      status = bytes.withUnsafeBytes {
        ZSTD_compressCCtx(context, buffer.baseAddress, bound, $0.baseAddress, $0.count, Self.level)
      }
      count = ZSTD_isError(status) == 0 ? status : 0
    }
    guard ZSTD_isError(status) == 0 else {
      throw FileError(
        path, "a page cannot be compressed (\(String(cString: ZSTD_getErrorName(status))))",
        advice: "Check the memory of the machine")
    }
    return result
  }
}
