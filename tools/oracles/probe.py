"""Reference values for LinearProbeTests: the optimum of a penalised multinomial logistic regression
with classes balanced wholly and by half, by Newton's method in numpy."""
import numpy as np

n, d, classes, scale, penalty = 30, 4, 3, 4.0, 1.0
i, j = np.mgrid[0:n, 0:d].astype(float)
x = np.sin(1.3 * i + 0.7 * i * j + 0.11 * j * j) * (1 + 0.1 * j)
truth = np.arange(n) % 7 % classes
x += np.where(truth[:, None] == j, 0.8, 0.0)
x /= np.linalg.norm(x, axis=1, keepdims=True)
x = np.hstack([scale * x, np.ones((n, 1))])
target = np.eye(classes)[truth]


def probabilities(w):
    z = x @ w.T
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def optimum(balance):
    weight = (n / (classes * np.bincount(truth))[truth]) ** balance
    weight /= weight.sum()
    w = np.zeros((classes, d + 1))
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
    return w


for balance in (1, 0.5):
    print(np.round(probabilities(optimum(balance))[[0, 5, 11, 23]], 5).tolist())
