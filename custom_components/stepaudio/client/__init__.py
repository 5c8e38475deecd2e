"""The async client of StepFun's StepAudio service. It knows nothing of Home Assistant."""
