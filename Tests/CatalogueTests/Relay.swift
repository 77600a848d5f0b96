import Foundation
import PostgreSQL
import TestSupport

/// Stands between a client and a server, and is frozen when so many bytes of answers have passed: to the server, the
/// client is.
struct Relay {
  /// What the client connects with, once.
  let address: String

  private let process = Process()

  private static let script = """
    import os, signal, socket, sys, threading
    def pass_on(source, sink, most):
        while data := source.recv(65536):
            sink.sendall(data)
            most -= len(data)
            if most < 0:
                os.kill(os.getpid(), signal.SIGSTOP)
    door, server = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    door.bind(sys.argv[1])
    door.listen()
    print("open", flush=True)
    client = door.accept()[0]
    server.connect(sys.argv[2])
    threading.Thread(target=pass_on, args=(client, server, 1 << 60), daemon=True).start()
    pass_on(server, client, int(sys.argv[3]))
    """

  init(to server: String, freezingAfter bytes: Int) throws {
    let (folder, port) = try Connection(server).row(
      "SELECT current_setting('unix_socket_directories'), current_setting('port')",
      as: String.self, String.self)
    let own = TestServer.folder + "/relay-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
    let host = own.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? own
    address = server.replacing(/host=.*/, with: "host=\(host)")
    let said = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", "-c", Self.script, own + "/.s.PGSQL.\(port)", folder + "/.s.PGSQL.\(port)",
      "\(bytes)",
    ]
    process.standardOutput = said
    try process.run()
    _ = said.fileHandleForReading.availableData
  }

  /// Takes both ends off.
  func end() { kill(process.processIdentifier, SIGKILL) }
}
