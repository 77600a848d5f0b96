import Foundation

/// Headless Chromium, driven over the W3C WebDriver protocol.
final class Browser: Sendable {
  /// Where Debian puts its driver; `nil` where it is not installed.
  static let driver = ["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private let process: Process
  private let port: Int
  private let session: String

  /// Starts the driver and a browser window.
  init(width: Int = 1366, height: Int = 900, dark: Bool = false) async throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: Self.driver ?? "")
    process.arguments = ["--port=0"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    port = try Self.port(output)
    var arguments = [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
      "--window-size=\(width),\(height)",
    ]
    if dark { arguments.append("--force-dark-mode") }
    let capabilities: [String: Any] = [
      "capabilities": [
        "alwaysMatch": ["goog:chromeOptions": ["args": arguments]]
      ]
    ]
    do {
      let value = try await Self.send("POST", port, "/session", capabilities) as? [String: Any]
      session = "/session/" + (value?["sessionId"] as? String ?? "none")
    } catch {
      process.terminate()
      throw error
    }
  }

  /// Ends window and driver.
  func quit() async {
    _ = try? await Self.send("DELETE", port, session, nil)
    process.terminate()
  }

  /// Goes to an address and waits until it is loaded.
  func go(_ address: String) async throws {
    try await command("url", ["url": address])
  }

  /// Presses keys, one after the other; "\u{E012}" and others as WebDriver numbers them.
  func press(_ keys: String) async throws {
    let actions = keys.flatMap { key in
      [["type": "keyDown", "value": String(key)], ["type": "keyUp", "value": String(key)]]
    }
    try await command(
      "actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
  }

  /// Evaluates an expression in the page.
  func evaluate(_ expression: String) async throws -> String {
    let value = try await command(
      "execute/sync", ["script": "return String(\(expression))", "args": [String]()])
    return value as? String ?? ""
  }

  /// Waits until an expression is true.
  func wait(_ expression: String) async throws {
    for _ in 0..<400 {
      if try await evaluate(expression) == "true" { return }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw BrowserError(
      "never true: \(expression); the page says: \(try await evaluate("document.body.innerText"))")
  }

  /// The window as a PNG file.
  func screenshot() async throws -> Data {
    let text = try await Self.send("GET", port, session + "/screenshot", nil)
    return Data(base64Encoded: text as? String ?? "") ?? Data()
  }

  @discardableResult
  private func command(_ name: String, _ body: [String: Any]) async throws -> Any? {
    try await Self.send("POST", port, session + "/" + name, body)
  }

  /// Sends a command, over a connection of its own: URLSession fails on the driver's headers
  /// ("Failed writing header", swift-corelibs-foundation of Swift 6.3).
  private static func send(
    _ method: String, _ port: Int, _ path: String, _ body: [String: Any]?
  ) async throws -> Any? {
    let content = try body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data()
    let head = """
      \(method) \(path) HTTP/1.1\r
      Host: 127.0.0.1:\(port)\r
      Content-Type: application/json\r
      Content-Length: \(content.count)\r
      Connection: close\r
      \r

      """
    let answer = try exchange(port, Data(head.utf8) + content)
    let object = try JSONSerialization.jsonObject(with: answer) as? [String: Any]
    let value = object?["value"]
    if let problem = (value as? [String: Any])?["error"] {
      throw BrowserError("\(path): \(problem) \((value as? [String: Any])?["message"] ?? "")")
    }
    return value
  }

  /// Sends bytes to a port of this machine; gives the body of the answer.
  private static func exchange(_ port: Int, _ bytes: Data) throws -> Data {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard connected == 0 else { throw BrowserError("chromedriver does not listen on \(port)") }
    try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: bytes)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var answer = Data()
    while true {
      if let end = answer.range(of: Data("\r\n\r\n".utf8)) {
        let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
        let length = head.firstMatch(of: /content-length: *([0-9]+)/).flatMap { Int($0.1) } ?? 0
        if answer.count - end.upperBound >= length { return answer[end.upperBound...] }
      }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw BrowserError("chromedriver closed the connection") }
      answer += buffer[..<count]
    }
  }

  /// The driver says on which port it listens.
  private static func port(_ output: Pipe) throws -> Int {
    var said = ""
    while true {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw BrowserError("chromedriver ended: \(said)") }
      said += String(decoding: data, as: UTF8.self)
      if let port = said.firstMatch(of: /successfully on port ([0-9]+)/).flatMap({ Int($0.1) }) {
        return port
      }
    }
  }
}

/// What a browser, or the page in it, did not do.
struct BrowserError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
