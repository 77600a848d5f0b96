import Files
import Foundation
import TestSupport
import Testing

@Suite("Packed files are read to their end") struct ByteSourceTests {
  private func content(of path: String) throws -> String {
    let source = try ByteSource(path)
    var (buffer, all) = ([UInt8](repeating: 0, count: 7), [UInt8]())
    while case let count = try source.read(into: &buffer), count > 0 { all += buffer[..<count] }
    return String(decoding: all, as: UTF8.self)
  }

  /// `cat`, `bgzip` and `pbzip2` write several streams one after another.
  @Test(arguments: ["gzip", "bzip2", "cat"]) func severalStreamsAreOneFile(program: String) throws {
    try withTemporaryFolder { folder in
      for (name, text) in [("a", "first\n"), ("b", "second, and longer\n")] {
        try text.write(toFile: folder + "/" + name, atomically: false, encoding: .utf8)
      }
      let script = """
        cd \(folder) && \(program) < a > p && \(program) < b >> p && head -c 30 p > cut
        """
      #expect(Validator.run("sh", ["-c", script])?.status == 0)
      #expect(try content(of: folder + "/p") == "first\nsecond, and longer\n")
      #expect(try ByteSource.isPacked(folder + "/p") == (program != "cat"))
      guard program != "cat" else { return }
      let error = #expect(throws: FileError.self) { try content(of: folder + "/cut") }
      #expect(error?.problem.hasPrefix("the file cannot be read to its end") == true)
    }
  }

  @Test func whatCannotBeReadIsRefusedByName() throws {
    try withTemporaryFolder { folder in
      let packed = folder + "/a.xz"
      try Data([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1]).write(to: URL(filePath: packed))
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)
      for (path, words) in [
        (packed, "packed with xz"), (folder + "/pipe", "this is a stream"),
        (folder, "this is a folder"), (folder + "/none", "there is no such file"),
      ] {
        let error = #expect(throws: FileError.self) { try ByteSource(path) }
        #expect(error?.problem.contains(words) == true, "\(error?.description ?? "")")
      }
    }
  }

  /// 90 MB of blanks, which take 90 kB packed, or 72 bytes.
  @Test(arguments: ["gzip", "bzip2"]) func filesThatSwellAreRefused(program: String) throws {
    try withTemporaryFolder { folder in
      let script = "head -c 90000000 /dev/zero | \(program) -9 > '\(folder)/p'"
      #expect(Validator.run("sh", ["-c", script])?.status == 0)
      let source = try ByteSource(folder + "/p")
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      let error = #expect(throws: FileError.self) {
        while try source.read(into: &buffer) > 0 {}
      }
      #expect(error?.path == folder + "/p")
      #expect(error?.problem.hasPrefix("it unpacks to more than 200 times its size") == true)
    }
  }
}
