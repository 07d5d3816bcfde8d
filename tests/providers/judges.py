"""Who judges what an adapter sends: the provider's official description, or botocore's model of the service."""

from collections.abc import Callable

from tests.fakes.http import Request
from tests.providers import aws_models, descriptions


def judge_of(name: str) -> Callable[[Request], list[str]] | None:
    """What is wrong with a request to this provider; None where nothing official describes it."""
    return aws_models.judge_of(name) or descriptions.judge_of(name)
