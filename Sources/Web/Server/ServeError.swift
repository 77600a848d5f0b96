public import Failures

/// An address that the server cannot listen on.
public struct ServeError: Failure {
  /// The address.
  public let host: String

  /// The port.
  public let port: Int

  /// What the system says.
  public let reason: String

  public var exitStatus: ExitStatus { .unavailable }

  public var description: String {
    "\(host):\(port) cannot be listened on (\(reason)): choose another with --host or --port"
  }
}
