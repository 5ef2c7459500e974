"""PyMC3 3.11: NUTS, variational inference, a hierarchical model, a Gaussian process and a mixture."""

import warnings

warnings.simplefilter("ignore")
import numpy as np
import pymc3 as pm

options = {"chains": 1, "cores": 1, "progressbar": False, "random_seed": 1, "compute_convergence_checks": False}
rng = np.random.RandomState(0)
x = rng.randn(100)
y = 1.5 + 2 * x + 0.5 * rng.randn(100)
with pm.Model():
    a, b, s = pm.Normal("a", 0, 10), pm.Normal("b", 0, 10), pm.HalfNormal("s", 1)
    pm.Normal("y", a + b * x, s, observed=y)
    best = pm.find_MAP(progressbar=False)
    trace = pm.sample(500, tune=500, **options)
    pm.fit(500, progressbar=False)
    drawn = pm.sample_posterior_predictive(trace, 50, progressbar=False)["y"]
slope = np.polyfit(x, y, 1)[0]
print(f"slope: least squares {slope:.3f}, MAP {float(best['b']):.3f}, NUTS {trace['b'].mean():.3f}")
assert abs(best["b"] - slope) < 0.02 and abs(trace["b"].mean() - slope) < 0.05 and drawn.shape == (50, 100)

group, z = rng.randint(0, 8, 919), rng.rand(919)
level = 0.3 * np.arange(8)
with pm.Model():
    mean, spread = pm.Normal("mean", 0, 5), pm.HalfCauchy("spread", 5)
    of_group, rise = pm.Normal("of_group", mean, spread, shape=8), pm.Normal("rise", 0, 1)
    pm.Normal("o", of_group[group] + rise * z, pm.HalfCauchy("noise", 5), observed=level[group] + rng.randn(919))
    trace = pm.sample(300, tune=300, **options)
print("levels of the groups:", trace["of_group"].mean(0).round(2))
assert np.abs(trace["of_group"].mean(0) + trace["rise"].mean() / 2 - level).max() < 0.4

points = np.linspace(0, 1, 40)[:, None]
with pm.Model():
    length, height = pm.Gamma("length", 2, 1), pm.HalfNormal("height", 1)
    process = pm.gp.Marginal(cov_func=height**2 * pm.gp.cov.ExpQuad(1, length))
    process.marginal_likelihood("g", points, np.sin(5 * points[:, 0]) + 0.1 * rng.randn(40), noise=0.1)
    best = pm.find_MAP(progressbar=False)
print(f"Gaussian process: length scale {float(best['length']):.2f}")
assert 0.1 < best["length"] < 1

with pm.Model():
    share = pm.Dirichlet("share", np.ones(3))
    kind, centre = pm.Categorical("kind", share, shape=50), pm.Normal("centre", 0, 5, shape=3)
    pm.Normal("m", centre[kind], 1, observed=rng.randn(50) + 4 * rng.randint(0, 3, 50))
    trace = pm.sample(100, tune=100, **options)
assert np.isfinite(trace["centre"]).all()
