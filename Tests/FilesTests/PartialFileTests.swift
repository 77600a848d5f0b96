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
}
