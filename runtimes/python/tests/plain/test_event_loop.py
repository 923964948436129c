import asyncio
import unittest

from skep_runtime.event_loop import EventLoop


def run(coroutine):
    loop = EventLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


class Loop(unittest.TestCase):
    def test_timers_go_off_in_order(self) -> None:
        async def main() -> list[int]:
            seen: list[int] = []

            async def later(number: int) -> None:
                await asyncio.sleep(number / 1000)
                seen.append(number)

            await asyncio.gather(*map(later, (3, 1, 2)))
            return seen

        self.assertEqual(run(main()), [1, 2, 3])

    def test_work_for_a_thread_is_done_at_once(self) -> None:
        async def main() -> object:
            return await asyncio.to_thread(sum, [1, 2])

        self.assertEqual(run(main()), 3)

    def test_a_wait_without_an_end_fails(self) -> None:
        async def main() -> None:
            await asyncio.Event().wait()

        with self.assertRaisesRegex(RuntimeError, "cannot happen"):
            run(main())


if __name__ == "__main__":
    unittest.main()
