"""scripts/conformance on the command line."""

import argparse
import asyncio
import json
import sys
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path

import aiohttp

from custom_components.stepaudio.client.connection import Endpoint
from custom_components.stepaudio.const import DEFAULT_MODEL, REGION_URLS, STEP_PLAN_PATH
from house.report import HouseError, complain, run, say
from house.service import Account as Access, account_from_environment
from house.sound import RATE_HZ as SPOKEN_HZ, decode, wav

from . import client_checks, course, report
from .bench import Bench
from .client_checks import Check
from .cost import Cost, estimate
from .findings import Findings
from .journal import Journal
from .plan import PROBES
from .sound import RATE_HZ, Speech

_WORDS = "How are you this fine morning, and did you sleep well?"
_NO_KEY = (
    "There is no key: set STEPFUN_API_KEY, and STEPFUN_REGION (china or international) if it is not international; "
    "STEPFUN_PLAN=step_plan for a key of Step Plan."
)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, ask, and run."""
    options = parse(arguments)
    try:
        access = _access(options.url)
        if not (options.yes or _agreed(access, options.model)):
            say("nothing was sent, nothing was spent")
            return 0
    except HouseError as error:
        complain(str(error))
        return 2
    return run(conform(options, access))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/conformance",
        description="Tries the real service with the key of STEPFUN_API_KEY and reports what it does.",
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help=f"the realtime model ({DEFAULT_MODEL})")
    parser.add_argument("--url", help="an address of your own, such as the simulator's")
    parser.add_argument("--yes", action="store_true", help="spend without being asked")
    parser.add_argument("--long", action="store_true", help="wait half an hour for the limits of a session, too")
    parser.add_argument("--report", type=Path, default=Path("conformance.md"), help="the report (conformance.md)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the report for programs")
    parser.add_argument("--record", type=Path, metavar="FILE", help="append every event that passes, as JSON lines")
    return parser.parse_args(arguments)


def _access(url: str | None) -> Access:
    """Give whose key it is; an address of one's own may want none."""
    access = account_from_environment()
    if access is None and url is None:
        raise HouseError(_NO_KEY)
    return access or Access("international", "pay_as_you_go", "no-key-at-all")


def _agreed(access: Access, model: str) -> bool:
    """State the cost and ask; nobody there is a no."""
    cost = reduce(add, [probe.cost for probe in PROBES], Cost()) + client_checks.COST
    print(f"This talks to the service with your key and costs {estimate(access.region, model, cost)}.", flush=True)
    print("It takes about three minutes. Go on? [y/N] ", end="", flush=True)
    answer = sys.stdin.readline().strip().lower()
    print(flush=True)
    return answer in {"y", "yes"}


async def conform(options: argparse.Namespace, access: Access) -> int:
    """Try everything with a key, and write the report."""
    base = options.url or REGION_URLS[access.region]
    about = report.Account(
        base, access.region, access.plan, options.model, datetime.now().astimezone().date().isoformat()
    )
    if access.plan == "step_plan":
        base = base.rstrip("/") + STEP_PLAN_PATH
    try:
        speech = await asyncio.to_thread(_speech)
        with Journal(options.record) as journal:
            async with aiohttp.ClientSession() as web:
                bench = Bench(
                    Endpoint(base, access.api_key),
                    options.model,
                    speech,
                    Findings(),
                    journal,
                    web,
                    long=options.long,
                )
                checks = await course.run(bench)
        return _conclude(options, about, bench.findings, checks, access.api_key)
    except (HouseError, OSError) as error:
        complain(f"The run failed: {error}")
        return 1


def _conclude(
    options: argparse.Namespace, about: report.Account, findings: Findings, checks: list[Check], key: str
) -> int:
    """Write the reports, and say in a line what they say."""
    options.report.write_text(report.markdown(about, findings, checks).replace(key, "[key]"))
    if options.json is not None:
        text = json.dumps(report.data(about, findings, checks), ensure_ascii=False, indent=2)
        options.json.write_text(text.replace(key, "[key]") + "\n")
    say(f"done: {report.result(findings, checks)}; the report is in {options.report.resolve()}")
    return 0 if all(check.passed for check in checks) else 1


def _speech() -> Speech:
    # Whoever has no key or answers no shall not wait for the voice.
    from house.questions import synthesise  # noqa: PLC0415

    (spoken,) = synthesise([_WORDS])
    return Speech.of(spoken.words, decode(wav(spoken.speech, SPOKEN_HZ), RATE_HZ))


if __name__ == "__main__":
    sys.exit(main())
