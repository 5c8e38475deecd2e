"""How the real service behaves: probes of its wire, the simulator's switches as they tell them, our client on it."""
