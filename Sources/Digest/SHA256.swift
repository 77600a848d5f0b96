internal import CCrypto
public import Foundation

/// The SHA-256 digest (FIPS 180-4) of bytes or of a file, by OpenSSL.
public struct SHA256: Sendable, Hashable {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// The digest in lower-case hexadecimal, as `sha256sum` prints it.
  public var hex: String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// Reads the digest from hexadecimal; `nil` where that is none of 32 bytes.
  public init?(hex: String) {
    let digits = hex.compactMap(\.hexDigitValue)
    guard digits.count == 64, hex.utf8.count == 64 else { return nil }
    bytes = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// Digests bytes.
  public static func hash(_ bytes: some ContiguousBytes) -> SHA256 {
    var hasher = Hasher()
    bytes.withUnsafeBytes { hasher.update($0) }
    return hasher.finish()
  }

  /// Digests a file's content, in constant memory.
  ///
  /// - Throws: What `FileHandle` throws for a file that cannot be read.
  public static func hash(file path: String) throws -> SHA256 {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var hasher = Hasher()
    while let block = try file.read(upToCount: 1 << 20), !block.isEmpty {
      block.withUnsafeBytes { hasher.update($0) }
    }
    return hasher.finish()
  }
}

extension SHA256 {
  /// A digest in the making.
  public struct Hasher: ~Copyable {
    private let context = EVP_MD_CTX_new()

    /// Begins with nothing.
    public init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes behind those before.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
      EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The digest of all that was added; the hasher must not be used after.
    public mutating func finish() -> SHA256 {
      var digest = [UInt8](repeating: 0, count: 32)
      EVP_DigestFinal_ex(context, &digest, nil)
      return SHA256(bytes: digest)
    }
  }
}
