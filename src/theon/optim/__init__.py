"""Steps of gradient descent: updates of parameters for ``theano.function``.

Each method takes a cost (or gradients) and the parameters, and returns :class:`OrderedUpdates`: what the parameters and the
method's own shared variables become in one step. The compiler makes one kernel of each parameter's step, in place (of
:func:`adadelta`'s, whose moves are needed twice, three).

>>> import numpy as np, theano, theano.tensor as T
>>> W = theano.shared(np.array([5.0, -3.0]), name="W")
>>> step = theano.function([], (W**2).sum(), updates=adam((W**2).sum(), [W], learning_rate=0.5))
>>> costs = [float(step()) for _ in range(60)]
>>> costs[0], costs[-1] < 0.05
(34.0, True)
"""

from theon.optim.gradients import clip_by_norm, clip_by_value, gradients_of, total_norm
from theon.optim.methods import adadelta, adagrad, adam, adamax, amsgrad, momentum, nesterov, rmsprop, sgd
from theon.optim.schedules import cosine_decay, exponential_decay, inverse_time_decay, step_decay, warmup

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "clip_by_norm",
    "clip_by_value",
    "cosine_decay",
    "exponential_decay",
    "gradients_of",
    "inverse_time_decay",
    "momentum",
    "nesterov",
    "rmsprop",
    "sgd",
    "step_decay",
    "total_norm",
    "warmup",
]
