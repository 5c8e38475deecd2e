"""A house to try the integration in: a real Home Assistant, a stand-in service, satellites that speak to it."""
