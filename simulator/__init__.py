"""A stand-in for StepFun's speech service, made from its protocol alone."""

from .brain import Brain, Call, Prompt, Say, ScriptedBrain, Think
from .ears import Ears, ScriptEars, WhisperEars
from .faults import Fault
from .house import HouseBrain
from .items import Item
from .profiles import PROFILES
from .replay import Recording
from .server import Simulator
from .service import SpokenResponse
from .switches import Switches
from .tones import read_tones, tones
from .voice import PiperVoice, ToneVoice, Voice
from .wire import Upgrade, WireEvent

__all__ = [
    "PROFILES",
    "Brain",
    "Call",
    "Ears",
    "Fault",
    "HouseBrain",
    "Item",
    "PiperVoice",
    "Prompt",
    "Recording",
    "Say",
    "ScriptEars",
    "ScriptedBrain",
    "Simulator",
    "SpokenResponse",
    "Switches",
    "Think",
    "ToneVoice",
    "Upgrade",
    "Voice",
    "WhisperEars",
    "WireEvent",
    "read_tones",
    "tones",
]
