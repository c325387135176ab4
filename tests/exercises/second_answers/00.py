def heart_rate_by_minutes(beats, seconds):
    minutes = seconds / 60
    return beats / minutes


def share_with_a_loop(train, test):
    for patient in train:
        if patient in test:
            return True
    return False


def accuracy_by_counting(predicted, actual):
    right = sum(1 for p, a in zip(predicted, actual, strict=True) if p == a)
    return right / len(actual)


SECOND = {
    "HEART_RATE": heart_rate_by_minutes,
    "SHARE_A_PATIENT": share_with_a_loop,
    "ACCURACY": accuracy_by_counting,
}
