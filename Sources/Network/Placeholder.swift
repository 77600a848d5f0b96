import Foundation
public import Tensor
// STUB for local trial only
public struct Architecture: Codable, Sendable, Hashable {
  public var inputSize = 64, width = 32, blocks = [2, 2, 2, 2], stemStride = 2
  public init() {}
  public var embeddingDimension: Int { width * 8 }
}
public struct Parameter: Sendable { public var value: Tensor; public var gradient: Tensor; public var decays: Bool }
public protocol Trainable {
  mutating func visit(_ body: (String, inout Parameter) -> Void)
  var state: [String: Tensor] { get }
  mutating func load(_ state: [String: Tensor]) throws
}
struct E: Error {}
public struct Linear: Sendable {
  var w: Parameter; var b: Parameter; var x = Tensor([0, 0])
  init(_ i: Int, _ o: Int, _ r: inout RandomStream) {
    let s = (2 / Float(i)).squareRoot()
    w = Parameter(value: Tensor(shape: [o, i], values: (0..<o * i).map { _ in s * r.normal() }), gradient: Tensor([o, i]), decays: true)
    b = Parameter(value: Tensor([o]), gradient: Tensor([o]), decays: false)
  }
  func apply(_ x: Tensor) -> Tensor {
    var y = multiply(x, transposed: false, w.value, transposed: true)
    for i in 0..<y.values.count { y.values[i] += b.value.values[i % y.columns] }
    return y
  }
  mutating func forward(_ x: Tensor) -> Tensor { self.x = x; return apply(x) }
  mutating func backward(_ g: Tensor) -> Tensor {
    let d = multiply(g, transposed: true, x, transposed: false)
    for i in d.values.indices { w.gradient.values[i] += d.values[i] }
    for i in g.values.indices { b.gradient.values[i % g.columns] += g.values[i] }
    return multiply(g, transposed: false, w.value, transposed: false)
  }
}
public struct Head: Sendable, Trainable {
  var layers: [Linear] = []; var masks: [[Bool]] = []
  public init(dimensions: [Int], normalised: Bool, seed: UInt64) {
    var r = RandomStream(seed)
    for i in 1..<dimensions.count { layers.append(Linear(dimensions[i - 1], dimensions[i], &r)) }
  }
  public func apply(_ x: Tensor) -> Tensor {
    var y = x
    for (i, l) in layers.enumerated() { y = l.apply(y); if i + 1 < layers.count { for j in y.values.indices { y.values[j] = max(0, y.values[j]) } } }
    return y
  }
  public mutating func forward(_ x: Tensor) -> Tensor {
    var y = x; masks = []
    for i in layers.indices { y = layers[i].forward(y); if i + 1 < layers.count { masks.append(y.values.map { $0 > 0 }); for j in y.values.indices { y.values[j] = max(0, y.values[j]) } } }
    return y
  }
  public mutating func backward(_ g: Tensor) -> Tensor {
    var g = g
    for i in layers.indices.reversed() { if i + 1 < layers.count { for j in g.values.indices where !masks[i][j] { g.values[j] = 0 } }; g = layers[i].backward(g) }
    return g
  }
  public mutating func visit(_ body: (String, inout Parameter) -> Void) { for i in layers.indices { body("\(i).w", &layers[i].w); body("\(i).b", &layers[i].b) } }
  public var state: [String: Tensor] { var s: [String: Tensor] = [:]; var c = self; c.visit { s[$0] = $1.value }; return s }
  public mutating func load(_ state: [String: Tensor]) throws {
    var bad = false
    visit { if let t = state[$0], t.shape == $1.value.shape { $1.value = t } else { bad = true } }
    if bad { throw E() }
  }
}
public struct Encoder: Sendable, Trainable {
  public let architecture: Architecture; var head: Head
  public init(_ a: Architecture, seed: UInt64) { architecture = a; head = Head(dimensions: [64, a.embeddingDimension, a.embeddingDimension], normalised: true, seed: seed) }
  func pool(_ x: Tensor) -> Tensor {
    let s = x.shape[1], k = s / 8
    var o = Tensor([x.rows, 64])
    for n in 0..<x.rows { for r in 0..<s { for c in 0..<s { o.values[n * 64 + min(7, r / k) * 8 + min(7, c / k)] += x.values[(n * s + r) * s + c] / Float(k) } } }
    return o
  }
  public func embed(_ x: Tensor) -> Tensor { head.apply(pool(x)) }
  public mutating func forward(_ x: Tensor) -> Tensor { head.forward(pool(x)) }
  public mutating func backward(_ g: Tensor) { _ = head.backward(g) }
  public mutating func visit(_ body: (String, inout Parameter) -> Void) { head.visit(body) }
  public var state: [String: Tensor] { head.state }
  public mutating func load(_ s: [String: Tensor]) throws { try head.load(s) }
}
public struct Optimiser: Sendable {
  public enum Rule: Codable, Sendable, Hashable { case sgd(momentum: Float), lars(momentum: Float, trust: Float), adam }
  public private(set) var state: [String: Tensor] = [:]
  let rule: Rule
  public init(rule: Rule, weightDecay: Float) { self.rule = rule }
  public mutating func step(_ m: inout some Trainable, rate: Float) {
    let r = rule == .adam ? rate : rate * 0.05
    m.visit { n, p in
      var v = state[n] ?? Tensor(p.value.shape); var a = state["a." + n] ?? Tensor(p.value.shape)
      for i in v.values.indices {
        v.values[i] = 0.9 * v.values[i] + 0.1 * p.gradient.values[i]; a.values[i] = 0.99 * a.values[i] + 0.01 * p.gradient.values[i] * p.gradient.values[i]
        p.value.values[i] -= r * v.values[i] / (a.values[i].squareRoot() + 1e-6)
      }
      state[n] = v; state["a." + n] = a
    }
  }
  public mutating func load(_ s: [String: Tensor]) throws { state = s }
}
public struct CosineSchedule: Codable {
  var base: Float, warmUpSteps: Int, totalSteps: Int
  public init(base: Float, warmUpSteps: Int, totalSteps: Int) { self.base = base; self.warmUpSteps = warmUpSteps; self.totalSteps = totalSteps }
  public func rate(at s: Int) -> Float { s < warmUpSteps ? base * Float(s + 1) / Float(warmUpSteps) : base * 0.5 * (1 + cos(Float.pi * Float(s - warmUpSteps) / Float(max(1, totalSteps - warmUpSteps)))) }
}
public func softmax(_ l: Tensor) -> Tensor {
  var o = l
  for r in 0..<l.rows { let m = l.row(r).max()!; let e = l.row(r).map { exp($0 - m) }; let s = e.reduce(0, +); for (c, v) in e.enumerated() { o.values[r * l.columns + c] = v / s } }
  return o
}
public func softmaxCrossEntropy(_ l: Tensor, classes: [Int], weights: [Float]? = nil, smoothing: Float = 0) -> (loss: Float, gradient: Tensor) {
  var p = softmax(l); var loss: Float = 0; let n = Float(l.rows)
  for (r, c) in classes.enumerated() { let i = r * l.columns + c; loss -= log(max(p.values[i], 1e-9)) / n; p.values[i] -= 1 }
  for i in p.values.indices { p.values[i] /= n }
  return (loss, p)
}
public func ntXent(_ z: Tensor, temperature t: Float) -> (loss: Float, gradient: Tensor) {
  let n = z.rows, d = z.columns
  let len = (0..<n).map { max(1e-6, z.row($0).reduce(0) { $0 + $1 * $1 }.squareRoot()) }
  var u = z; for i in u.values.indices { u.values[i] /= len[i / d] }
  var s = multiply(u, transposed: false, u, transposed: true)
  for i in s.values.indices { s.values[i] = i / n == i % n ? -1e9 : s.values[i] / t }
  let (loss, g) = softmaxCrossEntropy(s, classes: (0..<n).map { ($0 + n / 2) % n })
  let a = multiply(g, transposed: false, u, transposed: false), b = multiply(g, transposed: true, u, transposed: false)
  var du = a; for i in du.values.indices { du.values[i] = (a.values[i] + b.values[i]) / t }
  for r in 0..<n { let dot = zip(du.row(r), u.row(r)).reduce(0) { $0 + $1.0 * $1.1 }; for c in 0..<d { du.values[r * d + c] = (du.values[r * d + c] - dot * u.values[r * d + c]) / len[r] } }
  return (loss, du)
}

public func encodeSafetensors(_ t: [String: Tensor], metadata: [String: String] = [:]) throws -> [UInt8] {
  var out: [UInt8] = Array("\(t.count)\n".utf8)
  for k in t.keys.sorted() { let v = t[k]!; out += Array("\(k) \(v.shape.map(String.init).joined(separator: ","))\n".utf8); v.values.withUnsafeBytes { out += Array($0) } }
  return out
}
public func decodeSafetensors(_ b: [UInt8]) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
  var i = 0; var r: [String: Tensor] = [:]
  func line() -> String { let e = b[i...].firstIndex(of: 10)!; defer { i = e + 1 }; return String(decoding: b[i..<e], as: UTF8.self) }
  let n = Int(line())!
  for _ in 0..<n { let p = line().split(separator: " "); let s = p[1].split(separator: ",").map { Int($0)! }; let c = s.reduce(1, *); r[String(p[0])] = Tensor(shape: s, values: (0..<c).map { j in b.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: i + 4 * j, as: Float.self) } }); i += 4 * c }
  return (r, [:])
}
