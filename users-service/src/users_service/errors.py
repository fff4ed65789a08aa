"""Every error of this service's own; those that all services share are in `service_kit.problems`."""

from service_kit.problems import Problem


class IdempotencyKeyReused(Problem):
    status, code, title = 422, "idempotency_key_reused", "This Idempotency-Key was used for another name"


class IdempotencyKeyInUse(Problem):
    status, code, title = 409, "idempotency_key_in_use", "A request with this Idempotency-Key is still running"
    retry_after_seconds = 1


class IdempotencyKeySpent(Problem):
    status, code, title = 409, "idempotency_key_spent", "The token that this Idempotency-Key made has been replaced"
