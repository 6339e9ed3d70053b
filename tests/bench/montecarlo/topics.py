"""What is simulated, and what was asked of it: (peers, least ratio, for which workers)."""
import collections

Topic = collections.namedtuple("Topic", "name what exact tolerance asked")

NUMPY = ("NumPy PCG64", "NumPy Philox")
# name, what, its mean, how far a mean of few paths may be from it, what was asked
TOPICS = [
    Topic("uniform", "a uniform", 0.5, 0.01, []),
    Topic("normal", "a normal", 0.0, 0.01, [(("OpenMP Philox",), 1.0, 1)]),
    Topic("pi", "π by darts", 3.14159265, 0.01, [(("OpenMP Philox",), 1.0, 1)]),
    Topic("european", "European call", 10.4505836, 0.4,
          [(("OpenMP Philox",), 1.0, 1), (NUMPY, 5.0, 1), (("QuantLib",), 100.0, 1)]),
    Topic("watched", "the same, with progress", 10.4505836, 0.4, [(("unwatched",), 0.98, 1)]),
    Topic("plain", "the same, a plain closure", 10.4505836, 0.4, []),
    Topic("asian", "Asian call, 252 steps", 5.79, 0.6,
          [(("OpenMP Philox",), 1.0, 1), (("QuantLib",), 60.0, 1)]),
    Topic("basket", "basket of four, correlated", 8.897, 0.4, [(("QuantLib",), 50.0, 1)]),
    Topic("sobol", "European call, Sobol", 10.4505836, 0.01, []),
    Topic("bridge", "Asian call, 252 steps, Sobol and Brownian bridge", 5.7829, 0.6, []),
]
