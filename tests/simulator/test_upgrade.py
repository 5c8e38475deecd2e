"""Who is let in (sheet 1.1, 1.2, 4)."""

import aiohttp
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from simulator import PROFILES, Fault
from tests.simulator.client import KEY, MODEL, opened

S3_MODEL = "stepaudio-3-realtime-preview"
BARE = {"Authorization": KEY}


async def refusal(simulator, **arguments):
    with pytest.raises(InvalidStatus) as refused:
        async with opened(simulator, **arguments):
            pass
    response = refused.value.response
    return response.status_code, orjson.loads(response.body)["error"]


@pytest.mark.parametrize(
    ("path", "model"), [("/v1/realtime", S3_MODEL), ("/v1/realtime", MODEL), ("/step_plan/v1/realtime", MODEL)]
)
async def test_upgrade_model_on_its_path_creates_session(start, path, model):
    simulator = await start()
    async with opened(simulator, path=path, model=model) as client:
        event = await client.until("session.created")
    assert event["session"]["model"] == model
    assert client.socket.response.headers["x-trace-id"]
    assert client.socket.response.headers["x-request-id"]


async def test_upgrade_without_model_is_400(start):
    status, _ = await refusal(await start(), model="")
    assert status == 400


async def test_upgrade_bad_key_is_401_with_the_known_body(start):
    status, error = await refusal(await start(), key="another")
    assert (status, error) == (401, {"message": "Incorrect API key provided", "type": "invalid_api_key"})


async def test_upgrade_without_key_is_401(start):
    status, _ = await refusal(await start(), key="")
    assert status == 401


async def test_upgrade_bad_key_switched_is_400(start):
    status, _ = await refusal(await start(switches=PROFILES["s3"].replace(bad_key_status=400)), key="another")
    assert status == 400


async def test_upgrade_without_quota_is_402_while_models_are_listed(start):
    simulator = await start(switches=PROFILES["s3"].replace(quota=False))
    status, error = await refusal(simulator)
    assert (status, error["type"]) == (402, "quota_exceeded")
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(headers=headers) as web, web.get(f"{simulator.url}/v1/models") as response:
        assert response.status == 200


@pytest.mark.parametrize("model", [S3_MODEL, "step-1o-audio", "step-audio-2"])
async def test_upgrade_model_not_on_plan_is_404(start, model):
    status, _ = await refusal(await start(), path="/step_plan/v1/realtime", model=model)
    assert status == 404


async def test_upgrade_unknown_model_is_400(start):
    status, error = await refusal(await start(), model="step-2.5-realtime")
    assert (status, error["type"]) == (400, "request_params_invalid")


@pytest.mark.parametrize(("path", "status"), [("/v1/realtime", 400), ("/step_plan/v1/realtime", 404)])
async def test_upgrade_model_that_is_withdrawn_is_refused_as_unknown(start, path, status):
    simulator = await start()
    simulator.switches = simulator.switches.replace(withdrawn="stepaudio-2.5-realtime")
    assert (await refusal(simulator, path=path, model="stepaudio-2.5-realtime"))[0] == status


@pytest.mark.parametrize("profile", ["s3", "s25plan"])
async def test_upgrade_twelfth_rapid_connect_is_429(start, profile):
    simulator = await start(profile=profile)
    for _ in range(11):
        async with opened(simulator):
            pass
    status, _ = await refusal(simulator)
    assert status == 429
    simulator.clock.advance(60)
    async with opened(simulator) as client:
        await client.until("session.created")


async def test_upgrade_over_concurrency_is_429(start):
    simulator = await start(switches=PROFILES["s3"].replace(max_connections=1))
    async with opened(simulator):
        status, _ = await refusal(simulator)
    assert status == 429


@pytest.mark.parametrize("wanted", [402, 429, 503])
async def test_upgrade_second_connect_refused_by_fault(start, wanted):
    simulator = await start(
        switches=PROFILES["s3"].replace(faults=(Fault("refuse", "connecting", nth=2, value=str(wanted)),))
    )
    async with opened(simulator):
        pass
    status, _ = await refusal(simulator)
    async with opened(simulator):
        pass
    assert status == wanted
    assert [upgrade.status for upgrade in simulator.upgrades] == [101, wanted, 101]


async def test_upgrade_refused_by_path_leaves_others(start):
    simulator = await start()
    simulator.throw(Fault("refuse", "/v1/realtime/audio", times=9))
    status, _ = await refusal(simulator, path="/v1/realtime/audio", model="stepaudio-2.5-tts")
    assert status == 429
    async with opened(simulator) as client:
        await client.until("session.created")


@pytest.mark.parametrize("model", ["step-audio-r1.1", "step-overture-preview"])
async def test_upgrade_withdrawn_model_is_400(start, model):
    status, _ = await refusal(await start(), model=model)
    assert status == 400


async def test_upgrade_takes_headers_of_other_services_and_names_the_trace(start):
    simulator = await start()
    url = f"{simulator.url}/v1/realtime?model={MODEL}".replace("http", "ws", 1)
    headers = {"Authorization": f"Bearer {KEY}", "OpenAI-Beta": "realtime=v1", "X-Trace-Id": "mine"}
    async with connect(url, additional_headers=headers) as socket:
        assert socket.response.headers["x-trace-id"] == "mine"
        assert socket.response.headers["x-request-id"]


async def test_upgrade_key_without_bearer_is_401(start):
    simulator = await start()
    with pytest.raises(InvalidStatus) as refused:
        async with connect(simulator.url.replace("http", "ws", 1) + "/v1/realtime", additional_headers=BARE):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(("switch", "open_path"), [("quota", "/step_plan/v1/realtime"), ("plan_quota", "/v1/realtime")])
async def test_upgrade_quota_of_plan_and_platform_are_separate(start, switch, open_path):
    simulator = await start(switches=PROFILES["s25plan"].replace(**{switch: False}))
    async with opened(simulator, path=open_path) as client:
        await client.until("session.created")
    other_path = ({"/v1/realtime", "/step_plan/v1/realtime"} - {open_path}).pop()
    assert (await refusal(simulator, path=other_path))[0] == 402


@pytest.mark.parametrize("path", ["/v1/realtime/stateless", "/v1/realtime/asr", "/step_plan/v1/realtime/asr/stream"])
async def test_upgrade_unknown_path_is_404(start, path):
    assert (await refusal(await start(), path=path))[0] == 404
