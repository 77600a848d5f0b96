"""Reference values for LinearProbeTests: the optimum of a penalised multinomial logistic regression
with balanced classes, by Newton's method in numpy."""
import numpy as np

n, d, classes, scale, penalty = 30, 4, 3, 4.0, 1.0
i, j = np.mgrid[0:n, 0:d].astype(float)
x = np.sin(1.3 * i + 0.7 * i * j + 0.11 * j * j) * (1 + 0.1 * j)
truth = np.arange(n) % 7 % classes
x += np.where(truth[:, None] == j, 0.8, 0.0)
x /= np.linalg.norm(x, axis=1, keepdims=True)
x = np.hstack([scale * x, np.ones((n, 1))])
counts = np.bincount(truth)
weight = (n / (classes * counts))[truth]
weight /= weight.sum()
target = np.eye(classes)[truth]
w = np.zeros((classes, d + 1))


def probabilities(w):
    z = x @ w.T
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


for _ in range(50):
    p = probabilities(w)
    gradient = ((p - target) * weight[:, None]).T @ x + penalty / n * w
    hessian = np.zeros((classes, d + 1, classes, d + 1))
    for a in range(classes):
        for b in range(classes):
            part = weight * p[:, a] * ((a == b) - p[:, b])
            hessian[a, :, b, :] = (x * part[:, None]).T @ x
    hessian = hessian.reshape(w.size, w.size) + penalty / n * np.eye(w.size)
    w -= np.linalg.solve(hessian, gradient.ravel()).reshape(w.shape)
assert np.abs(gradient).max() < 1e-12
print(np.round(probabilities(w)[[0, 5, 11, 23]], 5).tolist())
