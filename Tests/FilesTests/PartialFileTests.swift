import Failures
import Files
import Foundation
import TestSupport
import Testing

@Suite("Files are whole or not there") struct PartialFileTests {
  @Test func aFileTakesThePlaceOfAnother() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.txt"
      for text in ["old", "new"] { try PartialFile.write(Data(text.utf8), to: path) }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.txt"])
    }
  }

  @Test func oneThatIsNotCompletedLeavesNothing() throws {
    try withTemporaryFolder { folder in
      do {
        let file = PartialFile(folder + "/a.txt")
        try Data("half".utf8).write(to: URL(fileURLWithPath: file.temporary))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test func aFolderThatIsNotThereIsNoBadInput() throws {
    let error = #expect(throws: FileError.self) {
      try PartialFile.write(Data(), to: "/nowhere/at/all.txt")
    }
    #expect(error?.path == "/nowhere/at/all.txt" && error?.exitStatus == .cannotCreate)
  }

  /// A killed process leaves its file; the next one that writes the same removes it, but not what
  /// another is writing.
  @Test func whatAKilledProcessLeftIsRemoved() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.txt"
      let living = PartialFile(path)
      try Data("half".utf8).write(to: URL(fileURLWithPath: living.temporary))
      let own = "-\(ProcessInfo.processInfo.processIdentifier)-"
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/true")
      try process.run()
      process.waitUntilExit()
      let dead = living.temporary.replacing(own, with: "-\(process.processIdentifier)-")
      try Data("half".utf8).write(to: URL(fileURLWithPath: dead))
      try Data("half".utf8).write(to: URL(fileURLWithPath: path + ".elsewhere-1-ABCD.part"))
      try PartialFile.write(Data("whole".utf8), to: path)
      #expect(!FileManager.default.fileExists(atPath: dead))
      #expect(FileManager.default.fileExists(atPath: living.temporary))
      #expect(FileManager.default.fileExists(atPath: path + ".elsewhere-1-ABCD.part"))
    }
  }
}
