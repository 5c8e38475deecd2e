"""The one place where the simulator waits."""

import asyncio

import pytest

from simulator.clock import Clock


async def settled(task):
    for _ in range(5):
        await asyncio.sleep(0)
    return task.done()


async def test_clock_without_pace_waits_for_nothing():
    clock = Clock(pace=0)
    async with asyncio.timeout(1):
        await clock.sleep(3600)


@pytest.mark.parametrize("wait", ["sleep", "limit"])
async def test_clock_advanced_ends_what_is_over(wait):
    clock = Clock()
    task = asyncio.create_task(getattr(clock, wait)(100))
    assert not await settled(task)
    clock.advance(99)
    assert not await settled(task)
    clock.advance(2)
    await task


async def test_clock_limits_pass_without_pace_too():
    clock = Clock(pace=0, life=0.5)
    task = asyncio.create_task(clock.limit(100))
    assert not await settled(task)
    clock.advance(51)
    await task


async def test_clock_wait_ends_where_it_is_no_longer_wanted():
    clock, wanted = Clock(), asyncio.Event()
    task = asyncio.create_task(clock.until(clock.now(), 100, unless=wanted))
    assert not await settled(task)
    wanted.set()
    await task


async def test_clock_wait_is_cancelled_whole():
    task = asyncio.create_task(Clock().sleep(100))
    await settled(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
