"""What modules of Theano's GPU code answer here: that there is no GPU, and one clear error when they are used."""


def absent(holder):
    """Return the ``__getattr__`` of a GPU module: its names are missing, with the reason."""

    def find(name):
        raise AttributeError(
            f"{holder}.{name} does not exist: Theon computes on the CPU and has none of Theano's GPU code"
        )

    return find


def use(device="gpu", *args, **kwargs):
    """Refuse to compute on a GPU."""
    if str(device) == "cpu":
        return
    raise EnvironmentError(f"You asked for the device {device!r}, but Theon computes on the CPU: set device=cpu")


def unavailable(*args, **kwargs):
    """Return False: there is no GPU."""
    return False
