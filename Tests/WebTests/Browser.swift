import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Headless Chromium, driven over the W3C WebDriver protocol.
final class Browser: Sendable {
  /// Where Debian puts its driver; `nil` where it is not installed.
  static let driver = ["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private let process: Process
  private let session: URL

  /// Starts the driver and a browser window.
  init(width: Int = 1366, height: Int = 900, dark: Bool = false) async throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: Self.driver ?? "")
    process.arguments = ["--port=0"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let port = try Self.port(output)
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
    let root = try Self.url("http://127.0.0.1:\(port)/session")
    let value = try await Self.send("POST", root, capabilities) as? [String: Any]
    session = root.appendingPathComponent(value?["sessionId"] as? String ?? "none")
  }

  /// Ends window and driver.
  func close() async {
    _ = try? await Self.send("DELETE", session, nil)
    process.terminate()
    process.waitUntilExit()
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
    let text = try await Self.send("GET", session.appendingPathComponent("screenshot"), nil)
    return Data(base64Encoded: text as? String ?? "") ?? Data()
  }

  @discardableResult
  private func command(_ name: String, _ body: [String: Any]) async throws -> Any? {
    try await Self.send("POST", session.appendingPathComponent(name), body)
  }

  private static func send(
    _ method: String, _ url: URL, _ body: [String: Any]?
  ) async throws -> Any? {
    var request = URLRequest(url: url)
    request.httpMethod = method
    if let body {
      request.httpBody = try JSONSerialization.data(withJSONObject: body)
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    }
    let (data, response) = try await URLSession.shared.data(for: request)
    let answer = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    guard (response as? HTTPURLResponse)?.statusCode == 200 else {
      throw BrowserError("\(url.lastPathComponent): \(answer?["value"] ?? "no answer")")
    }
    return answer?["value"]
  }

  private static func url(_ text: String) throws -> URL {
    guard let url = URL(string: text) else { throw BrowserError("\(text) is no address") }
    return url
  }

  /// The driver says on which port it listens.
  private static func port(_ output: Pipe) throws -> Int {
    var said = ""
    while true {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw BrowserError("chromedriver ended: \(said)") }
      said += String(decoding: data, as: UTF8.self)
      if let port = said.firstMatch(of: /on port ([0-9]+)/).flatMap({ Int($0.1) }) { return port }
    }
  }
}

/// What a browser, or the page in it, did not do.
struct BrowserError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
