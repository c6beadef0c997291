"""Samples that are the same on every platform, without a random generator."""


def sample(seed, n=40):
    return [((seed * 7919 + i * i * 104729 + i * 31) % 1009) / 1009 for i in range(n)]


def bits(seed, n=40, cut=0.4):
    return [float(x > cut) for x in sample(seed, n)]


def grades(seed, n=40):
    return [float(int(x * 5)) for x in sample(seed, n)]


def missing(seed, n=40):
    return [
        None if x < 0.3 else g for x, g in zip(sample(seed + 100, n), grades(seed, n), strict=True)
    ]
