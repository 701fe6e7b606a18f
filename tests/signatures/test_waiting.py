"""Coroutines that wait for nothing outside themselves run to the end; those that do are stopped."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from signatures.waiting import run


async def _answer() -> int:
    return 42


async def _gathered() -> list[int]:
    return list(await asyncio.gather(_answer(), _answer()))


async def _as_completed() -> list[int]:
    return [await done for done in asyncio.as_completed([_answer(), _answer()])]


async def _by_turns() -> int:
    await asyncio.sleep(0)
    return await asyncio.create_task(_answer())


async def _generated() -> list[int]:
    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    return [number async for number in numbers()]


def test_what_the_engine_does_with_coroutines_runs() -> None:
    assert run(_answer()) == 42
    assert run(_gathered()) == [42, 42]
    assert run(_as_completed()) == [42, 42]
    assert run(_by_turns()) == 42
    assert run(_generated()) == [0, 1, 2]


def test_an_error_comes_out() -> None:
    async def fail() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        run(fail())


def test_what_would_wait_for_ever_is_stopped() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="never comes"):
        run(wait())
