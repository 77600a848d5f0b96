public import Failures

/// Why ranks cannot work together.
public enum MPIError: Failure {
  /// The MPI library does not let several threads take turns.
  case noThreads

  public var exitStatus: ExitStatus { .unavailable }

  public var description: String {
    """
    this MPI does not let a program with threads call it (MPI_THREAD_SERIALIZED): \
    build with another, such as Debian's libopenmpi-dev
    """
  }
}
