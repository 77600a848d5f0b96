internal import CBzip2
internal import CZlib
import Foundation

/// A file read from its first byte to its last, unpacked where gzip or bzip2 packed it.
///
/// Several packed streams one after another, as `cat`, `bgzip` and `pbzip2` make them, are one file.
public final class ByteSource {
  /// The file.
  public let path: String
  private let content: any PackedContent
  /// The bytes that may come out of the file.
  private let most: Int
  /// The bytes that came out of it.
  private var total = 0

  /// A packed file of which more comes out than this many times its size holds nothing but
  /// repetition, unless it is small.
  private static let (mostFold, small) = (200, 1 << 26)

  /// Opens a file, of which nothing is read yet.
  ///
  /// - Throws: ``FileError`` where there is no such file, it is a folder or a pipe, or it is packed in
  ///   a way that is not read.
  public init(_ path: String) throws(FileError) {
    self.path = path
    let size = try sizeOfFile(path)
    let packing = try Packing(of: path)
    content =
      switch packing {
      case .bzip2: try Bzip2Content(path)
      case nil, .gzip: try GzipContent(path)
      }
    most = packing == nil ? .max : max(Self.small, Self.mostFold * min(size, 1 << 50))
  }

  /// Whether a file that is there is packed with gzip or bzip2.
  ///
  /// - Throws: ``FileError`` where it is packed in a way that is not read.
  public static func isPacked(_ path: String) throws(FileError) -> Bool {
    try Packing(of: path) != nil
  }

  /// Fills the buffer from its start and returns the number of bytes read: 0 at the end.
  ///
  /// - Throws: ``FileError`` where the file is damaged or cut off.
  public func read(into buffer: inout [UInt8]) throws -> Int {
    try buffer.withUnsafeMutableBytes { try read(into: $0) }
  }

  /// Fills the buffer from its start and returns the number of bytes read: 0 at the end.
  ///
  /// - Throws: ``FileError`` where the file is damaged, cut off, or packed to swell without end.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    let count: Int
    do {
      count = try content.read(into: buffer)
    } catch {
      throw FileError(
        path, "the file cannot be read to its end (\(error.reason))",
        advice: "Copy or download it again")
    }
    total += count
    guard total <= most else {
      throw FileError(
        path,
        "it unpacks to more than \(Self.mostFold) times its size, as no catalogue or image does",
        advice: "Unpack it first if that is meant")
    }
    return count
  }
}

/// The bytes of a file; folders, what is not there, and pipes, which can be read only once, are refused.
private func sizeOfFile(_ path: String) throws(FileError) -> Int {
  var status = stat()
  guard stat(path, &status) == 0 else {
    throw FileError(path, "there is no such file", advice: "Give the path of a file")
  }
  switch status.st_mode & S_IFMT {
  case S_IFREG: return Int(status.st_size)
  case S_IFDIR: throw FileError(path, "this is a folder", advice: "Give the path of a file")
  default:
    throw FileError(
      path, "this is a stream, which cannot be read twice", advice: "Save it as a file first")
  }
}

/// How a file is packed.
private enum Packing {
  case gzip
  case bzip2

  /// Tells by a file's first bytes; nil where it is not packed.
  init?(of path: String) throws(FileError) {
    let head = FileHandle(forReadingAtPath: path).flatMap { try? $0.read(upToCount: 6) } ?? Data()
    if head.starts(with: [0x1F, 0x8B]) {
      self = .gzip
    } else if head.starts(with: Array("BZh".utf8)) {
      self = .bzip2
    } else if let other = Self.others.first(where: { head.starts(with: $0.bytes) }) {
      throw FileError(path, "the file is packed with \(other.name)", advice: "Unpack it first")
    } else {
      return nil
    }
  }

  /// What is not unpacked here.
  private static let others: [(name: String, bytes: [UInt8])] = [
    ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]),
    ("zip", [0x50, 0x4B, 3, 4]), ("7-Zip", [0x37, 0x7A, 0xBC, 0xAF]),
  ]
}

/// The bytes of a file as they were before it was packed.
private protocol PackedContent: AnyObject {
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(Damage) -> Int
}

private struct Damage: Error {
  let reason: String
}

private func failure(toOpen path: String) -> FileError {
  FileError(
    path, "the file cannot be opened (\(String(cString: strerror(errno))))",
    advice: "Check who may read it")
}

/// A gzipped file, or a plain one, by zlib.
private final class GzipContent: PackedContent {
  private let file: gzFile

  init(_ path: String) throws(FileError) {
    guard let file = gzopen(path, "rb") else { throw failure(toOpen: path) }
    gzbuffer(file, 1 << 18)
    self.file = file
  }

  deinit { gzclose(file) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(Damage) -> Int {
    let count = gzread(file, buffer.baseAddress, UInt32(clamping: buffer.count))
    var code: Int32 = Z_OK
    let message = gzerror(file, &code)
    // A truncated gzip file gives what it holds, then Z_BUF_ERROR.
    guard count >= 0, code == Z_OK || code == Z_STREAM_END else {
      throw Damage(reason: message.map { String(cString: $0) } ?? "unknown")
    }
    return Int(count)
  }
}

/// A file packed with bzip2, stream after stream.
private final class Bzip2Content: PackedContent {
  private let file: UnsafeMutablePointer<FILE>
  private var stream: UnsafeMutableRawPointer?
  /// What was read from the disk beyond the end of the last stream.
  private var ahead: [UInt8] = []

  init(_ path: String) throws(FileError) {
    guard let file = fopen(path, "rb") else { throw failure(toOpen: path) }
    self.file = file
  }

  deinit {
    var code: Int32 = BZ_OK
    if stream != nil { BZ2_bzReadClose(&code, stream) }
    fclose(file)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(Damage) -> Int {
    var code: Int32 = BZ_OK
    while true {
      if stream == nil {
        if ahead.isEmpty, isAtEnd { return 0 }
        stream = BZ2_bzReadOpen(&code, file, 0, 0, &ahead, Int32(ahead.count))
      }
      let count = BZ2_bzRead(&code, stream, buffer.baseAddress, Int32(clamping: buffer.count))
      guard code == BZ_OK || code == BZ_STREAM_END else {
        throw Damage(reason: "bzip2 error \(code)")
      }
      if code == BZ_STREAM_END { endStream() }
      if count > 0 { return Int(count) }
    }
  }

  private var isAtEnd: Bool {
    let next = getc(file)
    if next != EOF { ungetc(next, file) }
    return next == EOF
  }

  private func endStream() {
    var code: Int32 = BZ_OK
    var bytes: UnsafeMutableRawPointer?
    var count: Int32 = 0
    BZ2_bzReadGetUnused(&code, stream, &bytes, &count)
    ahead = Array(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    BZ2_bzReadClose(&code, stream)
    stream = nil
  }
}
