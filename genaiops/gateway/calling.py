"""One call to its target, with retries: a whole answer, or a stream of chunks."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from genaiops.errors import ProviderError
from genaiops.gateway.attempts import Retry, attempt
from genaiops.gateway.exchange import ChunkReader, Prepared, decode_completion
from genaiops.gateway.faults import error_of_failure, error_of_status
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Answer, Call, StreamAnswer, UpstreamFailure, upstream

__all__ = ["ask", "local_answer", "open_stream", "read_chunks", "stream_chunks"]

_Json = dict[str, Any]


async def ask(
    target: Target, prepared: Prepared, retry: Retry
) -> tuple[_Json, int, Mapping[str, str]]:
    """The completion, OpenAI-shaped, the number of attempts, and the headers of the answer.

    Raises: ProviderError.
    """
    pool = await upstream()
    try:
        answer, tried = await attempt(
            lambda: pool.request(prepared.call), retry, total_s=target.timeouts.total_s
        )
    except UpstreamFailure as failure:
        raise error_of_failure(target, failure) from None
    if answer.status != 200:
        raise error_of_status(target, answer.status, answer.headers, answer.body)
    return decode_completion(target, answer.body), tried, answer.headers


async def open_stream(
    target: Target, call: Call, retry: Retry
) -> tuple[StreamAnswer | Answer, int]:
    """The head of a stream that the provider began well, or the whole answer that refused it.

    Raises: UpstreamFailure; ProviderError when what came back is no stream.
    """
    pool = await upstream()

    async def once() -> StreamAnswer | Answer:
        answer = await pool.stream(call)
        if answer.status == 200:
            return answer
        body = b"".join([piece async for piece in answer.chunks])
        return Answer(answer.status, answer.headers, body)

    answer, tried = await attempt(once, retry, total_s=target.timeouts.total_s)
    kind = answer.headers.get("content-type", "")
    if isinstance(answer, StreamAnswer) and not kind.lower().startswith("text/event-stream"):
        await _drop(answer)
        raise ProviderError(
            f"{target.name!r} was asked for a stream and sent something else: "
            f"check {target.provider.base_url_env or 'the base_url of the provider'}",
            provider=target.provider_name,
        )
    return answer, tried


async def read_chunks(answer: StreamAnswer, target: Target) -> AsyncGenerator[_Json, None]:
    """The chunks of a stream, OpenAI-shaped.

    Raises: ProviderError when it breaks off.
    """
    reader = ChunkReader(target)
    try:
        async for piece in answer.chunks:
            for chunk in reader.feed(piece):
                yield chunk
            if reader.done:
                return
        for chunk in reader.finish():
            yield chunk
    except UpstreamFailure as failure:
        raise error_of_failure(target, failure) from None
    finally:
        await answer.chunks.aclose()


async def stream_chunks(
    target: Target, prepared: Prepared, retry: Retry, attempts: list[int]
) -> AsyncGenerator[_Json, None]:
    """The chunks of a call from its beginning; `attempts` gets their number once it is known.

    Raises: ProviderError.
    """
    try:
        answer, tried = await open_stream(target, prepared.call, retry)
    except UpstreamFailure as failure:
        raise error_of_failure(target, failure) from None
    attempts.append(tried)
    if isinstance(answer, Answer):
        raise error_of_status(target, answer.status, answer.headers, answer.body)
    async for chunk in read_chunks(answer, target):
        yield chunk


def local_answer(target: Target, request: Mapping[str, Any]) -> _Json:
    """The completion of a model that answers in this process."""
    return target.provider.local[target.model].answer(request)


async def _drop(answer: StreamAnswer) -> None:
    """Reads what is at hand, so that closing finds a started generator, and lets go."""
    async for _ in answer.chunks:
        break
    await answer.chunks.aclose()
